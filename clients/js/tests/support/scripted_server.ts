/** A server that answers each request for the stream with the next step of a script. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Step = (response: ServerResponse, request: IncomingMessage) => void;

export interface Seen {
  authorization: string | undefined;
  lastEventId: string | undefined;
  /** Milliseconds of the process's own clock. */
  at: number;
}

export interface ScriptedServer {
  url: string;
  requests: Seen[];
  /** Answers that are neither ended nor broken. */
  openAnswers: () => number;
  stop: () => Promise<void>;
}

/** Requests beyond the script get 418, which ends a subscription with an error that no test expects. */
export async function startServer(script: Step[], port = 0): Promise<ScriptedServer> {
  const requests: Seen[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    const step = script[requests.length] ?? answer(418);
    const { authorization, 'last-event-id': lastEventId } = request.headers;
    requests.push({ authorization, lastEventId: lastEventId as string | undefined, at: performance.now() });
    open += 1;
    response.on('close', () => { open -= 1; });
    step(response, request);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/stream`;
  const stop = () => new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
  return { url, requests, openAnswers: () => open, stop };
}

/** Any answer that is not a stream. */
export function answer(status: number, headers: Record<string, string> = {}, body = ''): Step {
  return (response) => response.writeHead(status, headers).end(body);
}

/** A stream of these chunks that stays open. */
export function stream(...chunks: (string | Uint8Array)[]): Step {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
    response.flushHeaders();
    for (const chunk of chunks) response.write(chunk);
  };
}

/** A stream of these chunks that ends properly. */
export function streamThenEnd(...chunks: string[]): Step {
  return (response, request) => {
    stream(...chunks)(response, request);
    response.end();
  };
}

/** A stream of these chunks whose connection breaks. */
export function streamThenBreak(...chunks: string[]): Step {
  return (response, request) => {
    stream()(response, request);
    response.write(chunks.join(''), () => setImmediate(() => request.socket.destroy()));
  };
}

/** A stream whose last chunk comes a moment later, together with its proper end. */
export function laterThenEnd(first: string, last: string): Step {
  return (response, request) => {
    stream(first)(response, request);
    setTimeout(() => response.end(last), 200);
  };
}

/** The same, but the connection is reset as soon as that is sent. */
export function laterThenReset(first: string, last: string): Step {
  return (response, request) => {
    stream(first)(response, request);
    setTimeout(() => response.end(last, () => request.socket.resetAndDestroy()), 200);
  };
}

/** Takes the request and says nothing. */
export const silence: Step = () => undefined;
