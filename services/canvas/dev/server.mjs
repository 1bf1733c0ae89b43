// The mock server: see README.md.

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Validator } from '@cfworker/json-schema';
import { WebSocketServer } from 'ws';
import { controlRoutes } from './control.mjs';
import { Identity } from './identity.mjs';
import { Tenant } from './tenant.mjs';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const contentSecurityPolicy =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};

class Refusal extends Error {
  constructor(status, reason, detail, field) {
    super(detail);
    Object.assign(this, { status, reason, field });
  }
}

export function startMock({ port = 0, speed = 1, tokenLifetimeMs = 600_000 } = {}) {
  const identity = new Identity(tokenLifetimeMs);
  const tenant = new Tenant(speed);
  const requestIds = new Map();
  let outageUntilMs = 0;

  const principalOf = (request) => {
    const me = identity.who((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    if (!me)
      throw new Refusal(
        401,
        'TOKEN_EXPIRED',
        'The access token has ended. Refresh it or sign in again.',
      );
    return me;
  };
  const need = (me, permission) => {
    if (!me.permissions.includes('*') && !me.permissions.includes(permission)) {
      throw new Refusal(
        403,
        'PERMISSION_DENIED',
        `This needs the permission ${permission}. Ask an administrator of the tenant.`,
      );
    }
  };
  const workflowOf = (id) => {
    const entry = tenant.workflow(decodeURIComponent(id));
    if (!entry) throw new Refusal(404, 'WORKFLOW_NOT_FOUND', `There is no workflow "${id}".`);
    return entry;
  };
  const runOf = (id) => {
    const run = tenant.find(`executions/${id}`);
    if (!run) throw new Refusal(404, 'EXECUTION_NOT_FOUND', `There is no execution "${id}".`);
    return run;
  };
  const paged = (items, query, key) => {
    const size = Number(query.get('pageSize') || 50);
    const from = Number(query.get('pageToken') || 0);
    const next = from + size < items.length ? { nextPageToken: String(from + size) } : {};
    return { [key]: items.slice(from, from + size), ...next };
  };

  const routes = [
    ['GET', /^\/v1\/auth\/me$/, ({ me }) => me],
    [
      'GET',
      /^\/v1\/workflows$/,
      ({ query, me }) => {
        need(me, 'workflows.list');
        const wanted = /title : "(.*)"/.exec(query.get('filter') ?? '')?.[1]?.toLowerCase();
        const all = tenant.workflows
          .map(({ resource: { document, source, ...rest } }) => rest)
          .filter((one) => !wanted || one.title.toLowerCase().includes(wanted));
        return paged(all, query, 'workflows');
      },
    ],
    [
      'GET',
      /^\/v1\/workflows\/([^/:]+)$/,
      ({ match, me }) => {
        need(me, 'workflows.get');
        return workflowOf(match[1]).resource;
      },
    ],
    [
      'GET',
      /^\/v1\/workflows\/([^/]+)\/versions$/,
      ({ match, query }) => {
        const { resource } = workflowOf(match[1]);
        const versions = Array.from({ length: resource.latestVersion }, (_, index) => ({
          name: `${resource.name}/versions/${resource.latestVersion - index}`,
          version: resource.latestVersion - index,
          contentHash: 'sha256:00',
          createTime: resource.updateTime,
          creator: 'users/ada',
          comment: index === 0 ? 'Tighter retries' : '',
        }));
        return paged(versions, query, 'versions');
      },
    ],
    [
      'GET',
      /^\/v1\/workflows\/([^/]+)\/versions\/(\d+)$/,
      ({ match }) => {
        const { resource } = workflowOf(match[1]);
        return {
          name: `${resource.name}/versions/${match[2]}`,
          version: Number(match[2]),
          document: resource.document,
          createTime: resource.updateTime,
        };
      },
    ],
    [
      'POST',
      /^\/v1\/workflows\/([^/:]+):start$/,
      ({ match, body, me }) => {
        need(me, 'executions.start');
        const entry = workflowOf(match[1]);
        if (entry.resource.latestVersion === 0)
          throw new Refusal(
            400,
            'WORKFLOW_NOT_PUBLISHED',
            'Publish the workflow before starting it.',
          );
        const known = requestIds.get(body.requestId);
        if (known) {
          if (known.body !== JSON.stringify(body))
            throw new Refusal(
              409,
              'REQUEST_ID_REUSED',
              'This request id was used with another body.',
            );
          return known.execution;
        }
        const [error] = new Validator(entry.document.inputs, '2020-12', false)
          .validate(body.input ?? {})
          .errors.slice(-1);
        if (error)
          throw new Refusal(
            400,
            'INPUT_INVALID',
            `The input does not match the schema: ${error.error}`,
            `input${error.instanceLocation.slice(1).replaceAll('/', '.')}`,
          );
        if (body.input?.text === 'refuse me')
          throw new Refusal(
            400,
            'INPUT_INVALID',
            'The server does not like this text.',
            'input.text',
          );
        const execution = tenant.start(entry, body, me.principal);
        if (body.requestId)
          requestIds.set(body.requestId, { body: JSON.stringify(body), execution });
        return execution;
      },
    ],
    [
      'GET',
      /^\/v1\/executions$/,
      ({ query, me }) => {
        need(me, 'executions.list');
        const filter = query.get('filter') ?? '';
        const state = /state = "(\w+)"/.exec(filter)?.[1];
        const workflow = /workflow = "([^"]+)"/.exec(filter)?.[1];
        const since = /start_time > "([^"]+)"/.exec(filter)?.[1];
        const found = tenant
          .executions()
          .filter(
            (one) =>
              (!state || one.state === state) &&
              (!workflow || one.workflow === workflow) &&
              (!since || one.startTime > since),
          )
          .map(({ input, output, ...rest }) => rest);
        return paged(found, query, 'executions');
      },
    ],
    ['GET', /^\/v1\/executions\/([^/:]+)$/, ({ match }) => runOf(match[1]).execution],
    [
      'GET',
      /^\/v1\/executions\/([^/]+)\/steps$/,
      ({ match, query }) => paged(runOf(match[1]).steps, query, 'steps'),
    ],
    [
      'GET',
      /^\/v1\/executions\/([^/]+)\/events$/,
      ({ match, query }) => paged(runOf(match[1]).events, query, 'events'),
    ],
    [
      'POST',
      /^\/v1\/executions\/([^/:]+):cancel$/,
      ({ match, me }) => {
        need(me, 'executions.cancel');
        const run = runOf(match[1]);
        if (run.execution.endTime)
          throw new Refusal(400, 'EXECUTION_OVER', 'The execution is over.');
        run.finish('CANCELED');
        return run.execution;
      },
    ],
    ...controlRoutes({ tenant, need, workflowOf, runOf, paged, Refusal }),
    ['GET', /^\/v1\/agents$/, ({ query }) => paged(tenant.agents(), query, 'agents')],
    [
      'GET',
      /^\/v1\/workflowStats$/,
      ({ query, me }) => {
        need(me, 'executions.list');
        return { ...paged(tenant.stats(), query, 'workflowStats'), lag: '0.04s' };
      },
    ],
  ];

  const answer = async (request, url, body) => {
    const path = url.pathname;
    if (path === '/dev/drop') {
      for (const socket of sockets.clients) socket.terminate();
      return {};
    }
    if (path === '/dev/forget') {
      tenant.feed.forget();
      for (const socket of sockets.clients) socket.terminate();
      return {};
    }
    if (path === '/dev/outage') {
      outageUntilMs = Date.now() + (body?.ms ?? 2000);
      return {};
    }
    if (Date.now() < outageUntilMs)
      throw new Refusal(
        503,
        'BACKEND_UNAVAILABLE',
        'The executor does not answer. Try again in a moment.',
      );
    if (path === '/v1/auth/login') {
      const pair = identity.login(body?.email, body?.password);
      if (!pair)
        throw new Refusal(
          401,
          'CREDENTIALS_INVALID',
          'The e-mail address or the password is wrong.',
        );
      return pair;
    }
    if (path === '/v1/auth/refresh') {
      const pair = identity.refresh(body?.refreshToken);
      if (!pair) throw new Refusal(401, 'TOKEN_REUSED', 'This session has ended.');
      return pair;
    }
    if (path === '/v1/auth/logout') {
      identity.logout(body?.refreshToken);
      return {};
    }
    for (const [method, pattern, handler] of routes) {
      const match = request.method === method && pattern.exec(path);
      if (match)
        return handler({
          match,
          query: url.searchParams,
          body: body ?? {},
          me: principalOf(request),
        });
    }
    throw new Refusal(404, 'ROUTE_NOT_FOUND', `There is no ${request.method} ${path}.`);
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://mock');
    if (!url.pathname.startsWith('/v1/') && !url.pathname.startsWith('/dev/')) {
      await serveFile(url.pathname, response);
      return;
    }
    const requestId = randomUUID();
    const send = (status, value, type = 'application/json') => {
      response.writeHead(status, {
        'content-type': type,
        'x-request-id': requestId,
        'cache-control': 'no-store',
      });
      response.end(JSON.stringify(value));
    };
    try {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      send(200, await answer(request, url, text ? JSON.parse(text) : undefined));
    } catch (error) {
      const { status = 500, reason = 'INTERNAL', field, message } = error;
      send(
        status,
        {
          type: `/errors/${reason}`,
          title: reason,
          status,
          detail: message,
          reason,
          requestId,
          ...(field && { field }),
        },
        'application/problem+json',
      );
    }
  });

  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'agentflow.v1' });
  server.on('upgrade', (request, socket, head) => {
    const bearer = (request.headers['sec-websocket-protocol'] ?? '')
      .split(/, */)
      .find((one) => one.startsWith('bearer.'));
    if (!identity.who(bearer?.slice(7)) || Date.now() < outageUntilMs) {
      socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, serveStream);
  });

  function serveStream(socket) {
    const subscriptions = new Map();
    const send = (frame) => socket.send(JSON.stringify(frame));
    const wants = (topic, execution, change) =>
      topic === execution || (topic === 'executions' && change.execution);
    const stop = tenant.feed.listen((position, execution, change) => {
      for (const [id, topic] of subscriptions) {
        if (wants(topic, execution, change))
          send({ event: { id, position: String(position), ...change } });
      }
    });
    socket.on('close', stop);
    socket.on('message', (message) => {
      const frame = JSON.parse(message);
      if (frame.ping) send({ pong: {} });
      if (frame.unsubscribe) subscriptions.delete(frame.unsubscribe.id);
      if (!frame.subscribe) return;
      const { id, topic, position } = frame.subscribe;
      const from = position ? Number(position) : tenant.feed.position;
      if (from < tenant.feed.oldest)
        send({ reset: { id, position: String(tenant.feed.position) } });
      else {
        send({ subscribed: { id, position: String(from) } });
        for (const entry of tenant.feed.after(from)) {
          if (wants(topic, entry.execution, entry.change))
            send({ event: { id, position: String(entry.position), ...entry.change } });
        }
      }
      subscriptions.set(id, topic);
    });
  }

  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve({
        url: `http://127.0.0.1:${server.address().port}`,
        tenant,
        close: () => {
          for (const socket of sockets.clients) socket.terminate();
          server.closeAllConnections();
          server.close();
        },
      });
    });
  });
}

async function serveFile(pathname, response) {
  const path = normalize(pathname).replace(/^(\.\.[/\\])+/, '');
  let file = join(dist, path);
  let body = extname(path) ? await readFile(file).catch(() => undefined) : undefined;
  if (!body && extname(path)) {
    response.writeHead(404);
    response.end();
    return;
  }
  // Every other path belongs to the canvas's own router.
  if (!body) {
    file = join(dist, 'index.html');
    body = await readFile(file).catch(() => Buffer.from('Run `npm run build` first.'));
  }
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const speed = Number(process.env.MOCK_SPEED ?? 1);
  const { url } = await startMock({ port: Number(process.env.PORT ?? 0), speed });
  console.log(url);
}
