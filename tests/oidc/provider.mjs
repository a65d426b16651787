// A real OpenID Connect provider: oidc-provider on a free port of this machine, with keys
// that are made at the start and nothing that is kept.
//
// The first line on standard output is the issuer. From then on every line on standard input
// is a command, and is answered with one line of JSON:
//
//   keys      the private keys that are signed with, by algorithm
//   rotate    new keys instead of those, which are gone; the new ones
//   requests  how often the discovery document and the key set were asked for
//   hold      keeps who asks for the key set waiting
//   held      number of waiting requests, once there is one, or after a minute
//   release   responds to the waiting requests, and holds no further ones
//
// It ends when its standard input does.

import { Console } from 'node:console';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

import Provider, { interactionPolicy } from 'oidc-provider';

// What the library has to say is not for who reads the commands' answers.
globalThis.console = new Console(process.stderr);

const GROUPS_OF = {
  alice: ['portcullis-admin'],
  bob: ['portcullis-viewer'],
  norman: ['accounting'],
  vera: ['portcullis-viewer'],
};
const CLIENTS = {
  'portcullis': 'RS256',
  'portcullis-es256': 'ES256',
  'portcullis-eddsa': 'EdDSA',
  'another-product': 'RS256',
};
const DISCOVERY = '/.well-known/openid-configuration';
const JWKS = '/jwks';

const requests = { discovery: 0, jwks: 0 };
const waiting = [];
let holding = false;
let notifyWaiting = () => {};

let keys;
let handle;

const server = createServer((request, response) => {
  const [path] = request.url.split('?');
  requests.discovery += Number(path === DISCOVERY);
  requests.jwks += Number(path === JWKS);
  if (holding && path === JWKS) {
    waiting.push(() => handle(request, response));
    notifyWaiting();
  } else {
    handle(request, response);
  }
});
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  renew(issuer);
  process.stdout.write(`${issuer}\n`);
  listenToCommands(issuer);
});

/** Signs with new keys from now on. */
function renew(issuer) {
  keys = {
    RS256: newKey('RS256', 'rsa', { modulusLength: 2048 }),
    ES256: newKey('ES256', 'ec', { namedCurve: 'P-256' }),
    EdDSA: newKey('EdDSA', 'ed25519'),
  };
  handle = new Provider(issuer, configuration(Object.values(keys))).callback();
}

function newKey(alg, type, options) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, kid: randomUUID(), use: 'sig' };
}

function configuration(signingKeys) {
  return {
    jwks: { keys: signingKeys },
    cookies: { keys: [randomUUID()] },
    clients: Object.entries(CLIENTS).map(([id, algorithm]) => ({
      client_id: id,
      application_type: 'native',
      grant_types: ['authorization_code'],
      id_token_signed_response_alg: algorithm,
      redirect_uris: ['http://127.0.0.1/signed-in', 'http://127.0.0.1/console/'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    })),
    // The console's requests come from its own origin, and some without a page: a native client's consent is remembered.
    clientBasedCORS: () => true,
    interactions: { policy: rememberingConsent() },
    claims: { email: ['email', 'email_verified'], groups: ['groups'], openid: ['sub'] },
    // Who a person is goes into the ID token, not only to who asks with an access token.
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.test`, email_verified: true, groups: GROUPS_OF[id] }),
    }),
    // Who asks for an access token for an API gets a JWT that is for that API.
    extraTokenClaims: (_, token) => ({ groups: GROUPS_OF[token.accountId] }),
    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          accessTokenFormat: 'jwt',
          audience: resource,
          jwt: { sign: { alg: 'RS256' } },
          scope: 'api',
        }),
      },
    },
  };
}

function rememberingConsent() {
  const policy = interactionPolicy.base();
  policy.get('consent').checks.remove('native_client_prompt');
  return policy;
}

function listenToCommands(issuer) {
  const commands = {
    keys: () => keys,
    rotate: () => {
      renew(issuer);
      return keys;
    },
    requests: () => requests,
    hold: () => {
      holding = true;
    },
    held: async () => {
      if (waiting.length === 0) {
        await new Promise((resolve) => {
          notifyWaiting = resolve;
          setTimeout(resolve, 60_000);
        });
      }
      return waiting.length;
    },
    release: () => {
      holding = false;
      waiting.splice(0).forEach((letGo) => letGo());
    },
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', async (line) => {
    const answer = await commands[line]();
    process.stdout.write(`${JSON.stringify(answer ?? null)}\n`);
  });
  lines.on('close', () => process.exit());
}
