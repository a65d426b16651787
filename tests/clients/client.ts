// Creates, uses and revokes a token with the client that is generated, and prints what came of it.
import { createClient } from "./generated/client/index.js";
import { createToken, revokeToken, showCaller } from "./generated/index.js";

const [baseUrl, adminToken] = process.argv.slice(2) as [string, string];
const caller = (token: string) => createClient({ baseUrl, auth: (scheme) => (scheme.scheme === "bearer" ? token : undefined) });

const admin = caller(adminToken);
const created = await createToken({ client: admin, body: { name: "generated client", permissions: ["apps:read"], resources: ["*"] }, throwOnError: true });
const holder = caller(created.data.token);
const shown = await showCaller({ client: holder, throwOnError: true });
const revoked = await revokeToken({ client: admin, path: { id: created.data.id }, throwOnError: true });
const refused = await showCaller({ client: holder });

console.log(
  JSON.stringify({
    id: created.data.id,
    caller: shown.data.principal_type === "token" ? shown.data.token_id : null,
    status: revoked.data.status,
    refused: refused.error?.type,
  }),
);
