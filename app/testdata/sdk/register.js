'use strict';
// A real device that registers itself: the official device SDK asks for its
// DeviceSecret by HTTPS dynamic registration and prints the answer as JSON. The
// certificate comes from the environment, so that no secret is in a command
// line.
const iot = require('alibabacloud-iot-device-sdk');

const { PRODUCT_KEY, PRODUCT_SECRET, DEVICE_NAME, REGISTER_URL } = process.env;

iot.register(
  {
    productKey: PRODUCT_KEY,
    productSecret: PRODUCT_SECRET,
    deviceName: DEVICE_NAME,
    registerURL: REGISTER_URL,
  },
  // The SDK gives refusals and transport errors to the same callback.
  (answer) => console.log(JSON.stringify(answer instanceof Error ? { message: answer.message } : answer)),
);
