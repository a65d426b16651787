// Unit tests of src/domain/provider-name.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { providerName } from "../src/domain/provider-name";

test("a provider is named so that users recognize it", () => {
  const api = "https://abc123.execute-api.eu-central-1.amazonaws.com/v1";
  const rows: [string, string][] = [
    ["https://id.example.com/realms/staff", "id.example.com"],
    ["https://acme.okta.com", "acme.okta.com"],
    ["https://accounts.google.com", "Google"],
    ["https://accounts.google.com.example.com", "accounts.google.com.example.com"],
    ["https://login.microsoftonline.com/8a6f1a2e/v2.0", "Microsoft"],
    ["https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab", "Amazon Cognito"],
  ];
  for (const [issuer, name] of rows) assert.equal(providerName(issuer, api), name);
  assert.equal(providerName("http://127.0.0.1:9050/dev", "http://127.0.0.1:9050"), "the development provider");
});
