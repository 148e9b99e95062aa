'use strict';
// A real device: the official device SDK with a certificate from an exported
// CSV file. It connects, posts a property, and stays until it is told to end.
//
//   node device.js CSV DEVICENAME ADDRESS
//
// ADDRESS is HOST:PORT, or a URL with mqtt:// or mqtts://. What happens is told
// in lines of JSON on standard output. Exit codes: 0 ended by a signal, 3
// refused by the platform, 2 wrong usage.
const fs = require('fs');
const iot = require('alibabacloud-iot-device-sdk');

const [csv, deviceName, address] = process.argv.slice(2);
if (!address) {
  console.error('usage: node device.js CSV DEVICENAME ADDRESS');
  process.exit(2);
}

const tell = (event, more) => console.log(JSON.stringify({ event, ...more }));

// Names and secrets hold no comma, quote or line break: a split is enough.
const [head, ...rows] = fs.readFileSync(csv, 'utf8').replace(/^\uFEFF/, '').trim().split(/\r?\n/).map((l) => l.split(','));
const row = rows.find((r) => r[head.indexOf('DeviceName')] === deviceName);
if (!row) {
  console.error(`${csv} has no device ${deviceName}`);
  process.exit(2);
}
const column = (name) => row[head.indexOf(name)];

const device = iot.device({
  productKey: column('ProductKey'),
  deviceName,
  deviceSecret: column('DeviceSecret'),
  brokerUrl: address.includes('://') ? address : `mqtt://${address}`,
});

device.on('connect', () => {
  tell('connect');
  device.postProps({ Temperature: 21.5 }, (reply) => tell('reply', { id: reply.id, code: reply.code }));
});
device.on('close', () => tell('close'));
// The SDK hands an event's arguments on as one array.
device.on('error', ([err]) => {
  tell('error', { code: err.code, message: err.message });
  if (typeof err.code === 'number') {
    device.end(true, () => process.exit(3)); // a CONNACK return code: trying again cannot help
  }
});

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => device.end(false, () => process.exit(0)));
}
