// A minimal authorizer with the AWS SDK for JavaScript: checksum, hash, one consistent read, one policy.
// Below it is what Lambda's Node.js runtime does: fetch an event, call the handler, send its response.
import { createHash, timingSafeEqual } from "node:crypto";
import http from "node:http";
import { crc32 } from "node:zlib";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const client = new DynamoDBClient({});

function checksum(text) {
  let rest = crc32(text);
  let digits = "";
  for (let place = 0; place < 6; place++) {
    digits = BASE62[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

async function handler(event) {
  const token = event.headers.Authorization.replace(/^Bearer /, "");
  if (checksum(token.slice(0, -6)) !== token.slice(-6)) throw new Error("Unauthorized");
  const id = token.split("_")[1].slice(0, 16);
  const { Item: item } = await client.send(
    new GetItemCommand({
      TableName: process.env.PORTCULLIS_TABLE,
      Key: { pk: { S: `TOKEN#${id}` }, sk: { S: "TOKEN" } },
      ConsistentRead: true,
    }),
  );
  const digest = createHash("sha256").update(token).digest();
  if (!item || !timingSafeEqual(digest, item.secrets.M.digest.B)) throw new Error("Unauthorized");
  const statement = { Action: "execute-api:Invoke", Effect: "Allow", Resource: event.methodArn };
  return { principalId: id, policyDocument: { Version: "2012-10-17", Statement: [statement] } };
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;

function call(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = http.request(`${runtime}/${path}`, { method, agent, headers }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function run() {
  for (;;) {
    const event = await call("GET", "next");
    const id = event.headers["lambda-runtime-aws-request-id"];
    try {
      await call("POST", `${id}/response`, JSON.stringify(await handler(JSON.parse(event.body))));
    } catch (error) {
      await call("POST", `${id}/error`, JSON.stringify({ errorType: "Error", errorMessage: error.message }));
    }
  }
}

run();
