// @helia/verified-fetch, which checks each block, and ipfs-car, against the gateway of a local Pinata.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { register } from "node:module";
import { after, test } from "node:test";

// WebRTC needs a program that npm does not bring; what it would export is not used over HTTP.
const NAMES = ["IceUdpMuxListener", "PeerConnection", "RTCPeerConnection", "RTCSessionDescription", "RTCIceCandidate"];
const STUB = `data:text/javascript,${NAMES.map((name) => `export class ${name} {}`).join(";")}`;
register(`data:text/javascript,${encodeURIComponent(`export const resolve = (name, context, next) =>
  name.startsWith("@ipshipyard/node-datachannel") ? { url: "${STUB}", shortCircuit: true } : next(name, context)`)}`);
const { createVerifiedFetch } = await import("@helia/verified-fetch");
const { createHeliaHTTP } = await import("@helia/http");
const { trustlessGateway } = await import("@helia/block-brokers");
const { httpGatewayRouting } = await import("@helia/routers");

const { url, jwt, folder, large, largeSize } = JSON.parse(process.env.LOCAL);
const get = await createVerifiedFetch(
  await createHeliaHTTP({
    blockBrokers: [trustlessGateway({ allowInsecure: true, allowLocal: true })],
    routers: [httpGatewayRouting({ gateways: [url] })],
  }),
);
after(() => get.stop());

const place = fs.mkdtempSync(path.join(os.tmpdir(), "gateway-"));
after(() => fs.rmSync(place, { recursive: true }));
const car = (...given) => execFileSync("node", ["node_modules/.bin/ipfs-car", ...given], { encoding: "utf8" }).trim();

test("a file in a folder is fetched block by block and verified", async () => {
  const answer = await get(`ipfs://${folder}/docs/hello.txt`);
  assert.deepEqual([answer.status, await answer.text()], [200, "hello"]);
});

test("a folder's index is fetched for the folder", async () => {
  const answer = await get(`ipfs://${folder}/`);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), "<h1>Hello</h1>");
});

test("JSON is JSON", async () => {
  const answer = await get(`ipfs://${folder}/data.json`);
  assert.deepEqual(await answer.json(), { a: 1 });
});

test("what is not in the folder is not found", async () => {
  assert.equal((await get(`ipfs://${folder}/nothing`)).status, 404);
});

test("a file of many blocks is fetched whole, and in part", async () => {
  const whole = Buffer.from(await (await get(`ipfs://${large}`)).arrayBuffer());
  assert.equal(whole.length, largeSize);
  const part = await get(`ipfs://${large}`, { headers: { range: "bytes=300000-300009" } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), whole.subarray(300000, 300010));
});

test("a raw block and a CAR are what they are called", async () => {
  const raw = await get(`ipfs://${large}`, { headers: { accept: "application/vnd.ipld.raw" } });
  assert.equal(raw.headers.get("content-type"), "application/vnd.ipld.raw");
  const whole = await get(`ipfs://${folder}`, { headers: { accept: "application/vnd.ipld.car" } });
  fs.writeFileSync(path.join(place, "verified.car"), Buffer.from(await whole.arrayBuffer()));
  assert.deepEqual(car("roots", path.join(place, "verified.car")), folder);
});

test("ipfs-car unpacks and verifies what the gateway exports", async () => {
  const answer = await fetch(`${url}/ipfs/${folder}?format=car`);
  assert.equal(answer.headers.get("content-type").split(";")[0], "application/vnd.ipld.car");
  const file = path.join(place, "folder.car");
  fs.writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
  assert.equal(car("roots", file), folder);
  car("unpack", file, "--output", path.join(place, "unpacked"));
  assert.equal(fs.readFileSync(path.join(place, "unpacked", "docs", "hello.txt"), "utf8"), "hello");
});

test("what ipfs-car packs is uploaded as it is, and served", async () => {
  const source = path.join(place, "source");
  fs.mkdirSync(source);
  fs.writeFileSync(path.join(source, "one.txt"), "one");
  fs.writeFileSync(path.join(source, "two.bin"), Buffer.alloc(3000000, 7));
  const file = path.join(place, "packed.car");
  car("pack", source, "--output", file);
  const root = car("roots", file);
  const form = new FormData();
  form.append("network", "public");
  form.append("car", "true");
  form.append("file", new File([fs.readFileSync(file)], "packed.car"));
  const made = await fetch(`${url}/v3/files`, { method: "POST", headers: { authorization: `Bearer ${jwt}` }, body: form });
  assert.equal((await made.json()).data.cid, root);
  const answer = await get(`ipfs://${root}/two.bin`);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), Buffer.alloc(3000000, 7));
});
