// The older official SDK `@pinata/sdk`, which knows one address: here it is the local Pinata's.

import assert from "node:assert/strict";
import fs from "node:fs";
import Module, { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { called, methods, watch } from "./watched.mjs";

const { url, jwt, key, secret, given } = JSON.parse(process.env.LOCAL);
const file = createRequire(import.meta.url).resolve("@pinata/sdk");
const loaded = new Module(file);
loaded.filename = file;
loaded.paths = Module._nodeModulePaths(path.dirname(file));
loaded._compile(fs.readFileSync(file, "utf8").replaceAll("https://api.pinata.cloud", url), file);
const Client = loaded.exports.default ?? loaded.exports;

const pinata = watch(new Client({ pinataJWTKey: jwt }));
const named = (name, more = {}) => ({ pinataMetadata: { name, ...more }, pinataOptions: { cidVersion: 1 } });

test("a JWT and a key pair are known, and a wrong one is refused in words", async () => {
  assert.deepEqual(await pinata.testAuthentication(), { authenticated: true });
  assert.deepEqual(await new Client(key, secret).testAuthentication(), { authenticated: true });
  await assert.rejects(new Client({ pinataJWTKey: "wrong" }).testAuthentication(), (error) => {
    assert.ok(error.reason ?? error.message);
    return true;
  });
});

test("a stream is pinned, version 0 unless it says 1", async () => {
  const plain = await pinata.pinFileToIPFS(Readable.from([Buffer.from("hello")]), { pinataMetadata: { name: "a" } });
  // `ipfs add` of "hello"
  assert.equal(plain.IpfsHash, "QmWfVY9y3xjsixTgbd9AorQxH7VtMpzfx2HaWtsoUYecaX");
  assert.deepEqual([typeof plain.PinSize, Date.parse(plain.Timestamp) > 0], ["number", true]);
  const one = await pinata.pinFileToIPFS(Readable.from([Buffer.from("hello")]), named("a", { keyvalues: { n: 5 } }));
  assert.equal(one.IpfsHash, "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq");
  const wrapped = await pinata.pinFileToIPFS(Readable.from([Buffer.from("hello")]), {
    pinataMetadata: { name: "a.txt" },
    pinataOptions: { wrapWithDirectory: true, cidVersion: 1 },
  });
  assert.equal(await (await fetch(`${url}/ipfs/${wrapped.IpfsHash}/a.txt`)).text(), "hello");
});

test("a file and a folder of the disk are pinned", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "older-"));
  try {
    fs.writeFileSync(path.join(folder, "a.txt"), "hello");
    fs.writeFileSync(path.join(folder, "b.txt"), "world");
    const both = await pinata.pinFromFS(folder, named("both"));
    assert.equal(await (await fetch(`${url}/ipfs/${both.IpfsHash}/b.txt`)).text(), "world");
    const one = await pinata.pinFromFS(path.join(folder, "a.txt"), named("one"));
    assert.equal(await (await fetch(`${url}/ipfs/${one.IpfsHash}`)).text(), "hello");
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test("JSON is pinned as Pinata pins it, with and without options", async () => {
  // Pinata's own CID of this object.
  const airdrop = { file: "output/ens_airdrop_Nov8th2021.json" };
  const with1 = await pinata.pinJSONToIPFS(airdrop, named("airdrop"));
  assert.equal(with1.IpfsHash, "bafkreid56by3qspgyxvppq3ggj2x4tec3akpnlffbhangjzzfc3lfh66yq");
  const bare = await pinata.pinJSONToIPFS({ a: 1 });
  assert.deepEqual(await (await fetch(`${url}/ipfs/${bare.IpfsHash}`)).json(), { a: 1 });
  const again = await pinata.pinJSONToIPFS(airdrop, named("airdrop"));
  assert.equal(again.isDuplicate, true);
});

test("pins are listed by every filter, changed, and unpinned", async () => {
  const { IpfsHash } = await pinata.pinJSONToIPFS({ listed: 1 }, named("listed", { keyvalues: { n: 5, s: "x" } }));
  const only = async (filters) => (await pinata.pinList(filters)).rows.map((row) => row.ipfs_pin_hash);
  assert.deepEqual(await only({ hashContains: IpfsHash }), [IpfsHash]);
  const op = { name: "listed", keyvalues: { n: { value: 4, op: "gt" }, s: { value: "x", op: "eq" } } };
  assert.deepEqual(await only({ status: "pinned", pageLimit: 10, pageOffset: 0, metadata: op }), [IpfsHash]);
  const past = new Date(Date.now() - 60000).toISOString();
  const future = new Date(Date.now() + 60000).toISOString();
  assert.ok((await only({ pinStart: past, pinEnd: future, pinSizeMin: 1, pinSizeMax: 1000 })).includes(IpfsHash));
  assert.deepEqual(await only({ unpinStart: past, unpinEnd: future, hashContains: IpfsHash }), []);
  const [row] = (await pinata.pinList({ hashContains: IpfsHash })).rows;
  assert.deepEqual(row.metadata, { name: "listed", keyvalues: { n: 5, s: "x" } });
  assert.equal(row.date_unpinned, null);
  assert.equal(row.regions.length > 0 && typeof row.regions[0].regionId, "string");
  assert.equal(await pinata.hashMetadata(IpfsHash, { name: "renamed", keyvalues: { n: null } }), "OK");
  const [changed] = (await pinata.pinList({ hashContains: IpfsHash })).rows;
  assert.deepEqual([changed.metadata.name, changed.metadata.keyvalues], ["renamed", { s: "x" }]);
  assert.equal(await pinata.unpin(IpfsHash), "OK");
  assert.deepEqual(await only({ hashContains: IpfsHash, status: "pinned" }), []);
  await assert.rejects(pinata.unpin(IpfsHash));
});

test("all pins are gone through, ten at a time", async () => {
  for (let n = 0; n < 20; n++) await pinata.pinJSONToIPFS({ counted: n }, named(`counted${n}`));
  const filters = { metadata: { name: "counted", keyvalues: {} }, status: "pinned" };
  const found = new Set();
  for await (const row of pinata.getFilesByCount(filters)) found.add(row.ipfs_pin_hash);
  assert.ok(found.size >= 10); // of a page that is not full it gives nothing
});

test("what is pinned by its CID is queued, and its jobs are listed", async () => {
  const job = await pinata.pinByHash(given.nowhere, {
    pinataMetadata: { name: "nowhere", keyvalues: { a: "b" } },
    pinataOptions: { hostNodes: ["/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"] },
  });
  assert.deepEqual([job.ipfsHash, job.name], [given.nowhere, "nowhere"]);
  assert.ok(["prechecking", "searching"].includes(job.status));
  const filters = { ipfs_pin_hash: given.nowhere, sort: "ASC", limit: 10, offset: 0 };
  const { rows } = await pinata.pinJobs(filters);
  assert.deepEqual(rows.map((row) => [row.id, row.ipfs_pin_hash, row.name]), [[job.id, given.nowhere, "nowhere"]]);
  assert.deepEqual((await pinata.pinJobs({ status: "expired" })).rows, []);
});

test("what is stored is counted", async () => {
  const total = await pinata.userPinnedDataTotal();
  assert.deepEqual(
    Object.keys(total).sort(),
    ["pin_count", "pin_size_total", "pin_size_with_replications_total"],
  );
  assert.ok(total.pin_count > 0);
});

test("every method was called", () => {
  assert.deepEqual([...methods].filter((name) => !called.has(name)), []);
});
