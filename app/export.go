package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"fleetmint/platform/factory"
	"fleetmint/platform/local"
	"fleetmint/platform/openapi"
	"fleetmint/platform/profile"
)

// export writes certificates of a product's devices without a window.
func export(ctx context.Context, args []string, std streams) error {
	var (
		endpoint, productKey, formatList, out string
		names                                 []string
		all, productCertificate               bool
		chosen                                platformFlags
	)
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	flags.StringVar(&chosen.dir, "data", "", "data folder of the local platform (where left out: the user's data folder)")
	flags.StringVar(&endpoint, "endpoint", "", "OpenAPI address (where left out: the local platform of --data)")
	flags.StringVar(&productKey, "product", "", "ProductKey")
	flags.Func("device", "DeviceName, repeatable", func(name string) error {
		names = append(names, name)
		return nil
	})
	flags.BoolVar(&all, "all", false, "all devices of the product")
	flags.BoolVar(&productCertificate, "product-certificate", false, "the product certificate: ProductKey and ProductSecret")
	flags.StringVar(&formatList, "format", "csv", "comma separated: "+strings.Join(factory.FormatNames(), ", "))
	flags.StringVar(&out, "out", "", "folder to write to")
	if err := parse(flags, args, std); err != nil {
		return err
	}
	formats, err := factory.ParseFormats(formatList)
	switch {
	case err != nil:
		return fmt.Errorf("%w: export: %w", errUsage, err)
	case productKey == "":
		return fmt.Errorf("%w: export needs --product", errUsage)
	case out == "":
		return fmt.Errorf("%w: export needs --out", errUsage)
	case !exactlyOne(len(names) > 0, all, productCertificate):
		return fmt.Errorf("%w: export needs one of --device, --all and --product-certificate", errUsage)
	}

	client, closePlatform, err := exportClient(ctx, endpoint, chosen, std)
	if err != nil {
		return err
	}
	defer func() { _ = closePlatform() }()

	product, err := client.Product(ctx, productKey)
	if err != nil {
		return err
	}
	request := factory.Request{Product: product, Formats: formats, Out: out}
	switch {
	case productCertificate:
		request.ProductCertificate = true
	case all:
		request.Total = product.DeviceCount
		request.Devices = factory.AllDevices(ctx, client, productKey)
	default:
		devices, err := client.DevicesNamed(ctx, productKey, names)
		if err != nil {
			return err
		}
		request.Total = len(names)
		if request.Devices, err = factory.Listed(productKey, names, devices); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	result, err := factory.Export(ctx, request)
	if err != nil {
		return err
	}
	if result.Secrets > 0 {
		_, err = fmt.Fprintf(std.err, "%s holds %d secrets in plain files\n", result.Folder, result.Secrets)
	}
	return err
}

// exportClient connects to the endpoint, or to the local platform, found
// running or started for the time of the export.
func exportClient(ctx context.Context, endpoint string, chosen platformFlags, std streams) (*openapi.Client, func() error, error) {
	chosen.ports = local.Ports{} // any free ones: nobody is told of them

	cfg, err := chosen.config(std)
	if err != nil {
		return nil, nil, err
	}
	ring := profile.OSKeyring()
	credentials, err := profile.LocalCredentials(ctx, ring, profile.MakeIfKeyring)
	if err != nil {
		return nil, nil, err
	}
	if endpoint == "" {
		running, err := openLocal(ctx, cfg, credentials, ring)
		if err != nil {
			return nil, nil, err
		}
		client, err := running.client()
		if err != nil {
			return nil, nil, errors.Join(err, running.Close())
		}
		return client, running.Close, nil
	}
	address, err := url.Parse(endpoint)
	if err != nil || address.Host == "" || address.Scheme != "http" && address.Scheme != "https" {
		return nil, nil, fmt.Errorf("%w: --endpoint %q is not an http or https address", errUsage, endpoint)
	}
	pool, err := certificatePool(filepath.Join(cfg.Dir, "ca.pem"))
	if err != nil {
		return nil, nil, err
	}
	client, err := openapi.New(openapi.Config{
		Endpoint: endpoint, Credentials: credentials, RootCAs: pool,
		Extensions: !strings.HasSuffix(address.Hostname(), ".aliyuncs.com"),
	})
	return client, func() error { return nil }, err
}

func exactlyOne(conditions ...bool) bool {
	n := 0
	for _, c := range conditions {
		if c {
			n++
		}
	}
	return n == 1
}
