'use strict';
// The official OpenAPI SDK as an administrator's program: it creates a product,
// registers a device, reads the device back and prints the three answers as
// one line of JSON. The endpoint and the AccessKey pair come from the
// environment.
const { Config } = require('@alicloud/openapi-client');
const { default: Client, CreateProductRequest, RegisterDeviceRequest, QueryDeviceDetailRequest } = require('@alicloud/iot20180120');

const { ENDPOINT, PRODUCT_NAME, DEVICE_NAME, ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET } = process.env;

async function main() {
  const endpoint = new URL(ENDPOINT);
  const client = new Client(
    new Config({
      accessKeyId: ALIBABA_CLOUD_ACCESS_KEY_ID,
      accessKeySecret: ALIBABA_CLOUD_ACCESS_KEY_SECRET,
      endpoint: endpoint.host,
      protocol: endpoint.protocol.replace(':', ''),
      regionId: 'cn-shanghai',
    }),
  );
  const product = await client.createProduct(
    new CreateProductRequest({ productName: PRODUCT_NAME, nodeType: 0, dataFormat: 1, aliyunCommodityCode: 'iothub_senior' }),
  );
  const productKey = product.body.productKey;
  const device = await client.registerDevice(new RegisterDeviceRequest({ productKey, deviceName: DEVICE_NAME }));
  const detail = await client.queryDeviceDetail(new QueryDeviceDetailRequest({ productKey, deviceName: DEVICE_NAME }));
  console.log(JSON.stringify({ product: product.body, device: device.body, detail: detail.body }));
}

main().catch((err) => {
  console.log(JSON.stringify({ code: err.code, message: err.message }));
  process.exitCode = 1;
});
