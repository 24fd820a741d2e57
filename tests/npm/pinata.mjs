// The official SDK `pinata`, unchanged, against a local Pinata.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as sdk from "pinata";
import { called, methods, watch } from "./watched.mjs";

const { url, jwt, given } = JSON.parse(process.env.LOCAL);
const config = () => ({
  pinataJwt: jwt,
  endpointUrl: `${url}/v3`,
  uploadUrl: `${url}/v3`,
  legacyUploadUrl: `${url}/pinning/pinFileToIPFS`,
});

function client(more = {}) {
  const pinata = watch(new sdk.PinataSDK({ ...config(), ...more }));
  pinata.config.pinataGateway = url; // behind the constructor, which would put https:// before it
  return pinata;
}

const pinata = client();
const file = (text, name = "hello.txt", type = "text/plain") => new File([text], name, { type });
const rejects = (wanted, kind) => assert.rejects(async () => await wanted, kind); // a builder is no promise
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
// The CID that `ipfs add --cid-version=1` gives "hello".
const HELLO = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq";

test("a key is known, and a wrong one is an AuthenticationError", async () => {
  assert.match(await pinata.testAuthentication().then(({ message }) => message), /Congratulations/);
  const stranger = client({ pinataJwt: "wrong" });
  await rejects(stranger.testAuthentication(), sdk.AuthenticationError);
  stranger.setNewJwt(jwt);
  assert.ok(await stranger.testAuthentication());
  stranger.setNewHeaders({ Source: "tests" });
  assert.ok(await stranger.testAuthentication());
});

test("a file has every field of an UploadResponse, on either network", async () => {
  for (const network of ["public", "private"]) {
    const made = await pinata.upload[network].file(file("hello"));
    assert.match(made.id, UUID);
    assert.equal(made.cid, HELLO);
    assert.deepEqual(
      [made.name, made.size, made.number_of_files, made.mime_type, made.group_id, made.keyvalues, made.network],
      ["hello.txt", 5, 1, "text/plain", null, {}, network],
    );
    assert.ok(Date.parse(made.created_at) > 0);
    await pinata.files[network].delete([made.id]);
  }
});

test("name, key-values, group, key, CID version and expiry of an upload are kept", async () => {
  const group = await pinata.groups.public.create({ name: "kept" });
  const made = await pinata.upload.public
    .file(file("kept"), { expires_at: Math.floor(Date.now() / 1000) + 3600 })
    .name("another.txt")
    .keyvalues({ env: "test" })
    .group(group.id)
    .key(jwt)
    .cidVersion("v0");
  assert.match(made.cid, /^Qm/);
  assert.deepEqual([made.name, made.keyvalues, made.group_id], ["another.txt", { env: "test" }, group.id]);
  assert.deepEqual((await pinata.files.public.get(made.id)).keyvalues, { env: "test" });
  const streamed = await pinata.upload.public.file(file("stream")).streamable().cidVersion("v1");
  assert.match(streamed.cid, /^baf/);
});

test("a CAR is what is in it", async () => {
  const car = Buffer.from(given.car, "base64");
  const made = await pinata.upload.public.file(new File([car], "content.car")).car();
  assert.equal(made.cid, given.carRoot);
});

test("JSON, base64 and what a URL gives are files", async () => {
  for (const network of ["public", "private"]) {
    const upload = pinata.upload[network];
    const json = await upload.json({ a: 1 }).name("one.json");
    assert.deepEqual([json.size, json.mime_type, json.name], [7, "application/json", "one.json"]);
    const text = await upload.base64(Buffer.from("hello").toString("base64"));
    assert.deepEqual([text.cid, text.name], [HELLO, "base64 string"]);
    await pinata.files[network].delete([text.id]);
    const fetched = await upload.url(`${url}/ipfs/${given.readme}?format=raw`);
    assert.deepEqual([fetched.cid, fetched.size], [given.readme, 8]);
    assert.equal(fetched.name, network === "public" ? "readme.txt" : "url_upload"); // a duplicate keeps its name
  }
});

test("many files are a folder", async () => {
  const group = await pinata.groups.public.create({ name: "folder" });
  const made = await pinata.upload.public
    .fileArray([file("hello", "a.txt"), file("world", "b.txt")])
    .name("both")
    .keyvalues({ kind: "folder" })
    .group(group.id);
  assert.match(made.id, UUID);
  assert.deepEqual(
    [made.name, made.number_of_files, made.mime_type, made.group_id, made.keyvalues],
    ["both", 2, "directory", group.id, { kind: "folder" }],
  );
  assert.ok(Date.parse(made.created_at) > 0 && made.size > 10);
  const { data } = await pinata.gateways.public.get(`${made.cid}/b.txt`);
  assert.equal(data, "world");
});

test("more than 90 MiB goes in chunks, and is the file that a form would have made", async () => {
  const made = await pinata.upload.public
    .file(new File([Buffer.alloc(94371841)], "zeros.bin"))
    .name("zeros")
    .keyvalues({ size: "large" })
    .cidVersion("v1");
  assert.deepEqual([made.name, made.size, made.keyvalues], ["zeros", 94371841, { size: "large" }]);
  assert.equal(made.cid, given.zeros);
});

test("a signed URL takes one file without a key, within its limits", async () => {
  for (const network of ["public", "private"]) {
    const options = { expires: 60, name: "signed", keyvalues: { by: "url" }, maxFileSize: 10, mimeTypes: ["text/*"] };
    const signed = await pinata.upload[network].createSignedURL(options);
    const nobody = client({ pinataJwt: undefined });
    const made = await nobody.upload[network].file(file("hello")).url(signed);
    assert.deepEqual([made.cid, made.name, made.keyvalues], [HELLO, "signed", { by: "url" }]);
    await pinata.files[network].delete([made.id]);
    const again = await pinata.upload[network].createSignedURL(options);
    await rejects(nobody.upload[network].file(file("x".repeat(11))).url(again), sdk.PinataError);
    for (const send of [
      (upload) => upload.json({ a: 1 }),
      (upload) => upload.base64("aGVsbG8="),
      (upload) => upload.url(`${url}/ipfs/${given.readme}`),
    ]) {
      const open = await pinata.upload[network].createSignedURL({ expires: 60 });
      assert.match((await send(nobody.upload[network]).url(open)).cid, /^baf/);
    }
  }
});

test("files are listed by every filter, page by page", async () => {
  for (const network of ["public", "private"]) {
    const group = await pinata.groups[network].create({ name: "listed" });
    const made = [];
    for (const text of ["1", "2", "3"]) {
      made.push(
        await pinata.upload[network].file(file(`listed ${text} ${network}`, `listed${text}.txt`))
          .keyvalues({ listed: text }).group(group.id),
      );
    }
    const files = () => pinata.files[network].list();
    const ids = (found) => found.map(({ id }) => id).sort();
    const all = ids(made);
    assert.deepEqual(ids(await files().group(group.id).limit(1).all()), all);
    const first = await files().group(group.id).order("ASC").limit(2);
    assert.deepEqual(first.files.map(({ id }) => id), [made[0].id, made[1].id]);
    const second = await files().group(group.id).order("ASC").limit(2).pageToken(first.next_page_token);
    assert.deepEqual(second.files.map(({ id }) => id), [made[2].id]);
    assert.deepEqual(ids((await files().name("listed2.txt").group(group.id)).files), [made[1].id]);
    assert.deepEqual(ids((await files().cid(made[0].cid)).files), [made[0].id]);
    assert.deepEqual(ids((await files().keyvalues({ listed: "3" }).group(group.id)).files), [made[2].id]);
    assert.deepEqual(ids((await files().mimeType("text/plain").group(group.id)).files), all);
    assert.deepEqual((await files().mimeType("image/png").group(group.id)).files, []);
    assert.deepEqual((await files().cidPending(true)).files, []);
    assert.ok(ids(await files().noGroup(true).all()).every((id) => !all.includes(id)));
    const last = made[2];
    const changed = await pinata.files[network].update({ id: last.id, name: "new", keyvalues: { b: "2" } });
    assert.deepEqual([changed.name, changed.keyvalues], ["new", { listed: "3", b: "2" }]);
    const gone = await pinata.files[network].delete([last.id]);
    assert.deepEqual(gone, [{ id: last.id, status: "OK" }]);
    await rejects(pinata.files[network].get(last.id), sdk.NetworkError);
  }
});

test("groups are made, named, filled, emptied and deleted", async () => {
  for (const network of ["public", "private"]) {
    const groups = pinata.groups[network];
    const made = await groups.create({ name: `group of ${network}` });
    assert.match(made.id, UUID);
    assert.ok(Date.parse(made.createdAt) > 0); // as its type has it
    assert.equal(made.created_at, made.createdAt); // as the documentation has it
    assert.equal((await groups.update({ groupId: made.id, name: `renamed ${network}` })).name, `renamed ${network}`);
    assert.equal((await groups.get({ groupId: made.id })).name, `renamed ${network}`);
    const one = await pinata.upload[network].file(file(`in a group of ${network}`));
    assert.deepEqual(await groups.addFiles({ groupId: made.id, files: [one.id] }), [{ id: one.id, status: "OK" }]);
    assert.deepEqual((await pinata.files[network].list().group(made.id)).files.map(({ id }) => id), [one.id]);
    assert.deepEqual(await groups.removeFiles({ groupId: made.id, files: [one.id] }), [{ id: one.id, status: "OK" }]);
    const page = await groups.list().name(`renamed ${network}`).limit(1);
    assert.deepEqual(page.groups.map(({ id }) => id), [made.id]);
    await groups.create({ name: "another" });
    assert.ok((await groups.list().limit(1).all()).length >= 2);
    const first = await groups.list().limit(1);
    const second = await groups.list().limit(1).pageToken(first.next_page_token);
    assert.notEqual(first.groups[0].id, second.groups[0].id);
    const shown = await groups.create({ name: "shown", isPublic: true });
    assert.deepEqual((await groups.list().isPublic(true)).groups.map(({ id }) => id), [shown.id]);
    assert.ok((await groups.list().isPublic(false)).groups.length >= 2);
    assert.equal(await groups.delete({ groupId: made.id }), "OK");
    await rejects(groups.get({ groupId: made.id }), sdk.NetworkError);
  }
});

test("keys are made, found by every filter, and revoked", async () => {
  const made = await pinata.keys.create({
    keyName: "of the sdk",
    permissions: { endpoints: { data: { pinList: true } }, resources: ["org:files:read"] },
    maxUses: 3,
  });
  assert.deepEqual(Object.keys(made).sort(), ["JWT", "pinata_api_key", "pinata_api_secret"]);
  await client({ pinataJwt: made.JWT }).files.public.list();
  const [row] = await pinata.keys.list().name("of the sdk");
  assert.deepEqual([row.key, row.max_uses, row.uses, row.revoked], [made.pinata_api_key, 3, 1, false]);
  assert.match(row.id, UUID);
  assert.match(row.user_id, UUID);
  assert.ok(Date.parse(row.createdAt) > 0 && Date.parse(row.updatedAt) > 0);
  assert.deepEqual(row.scopes.endpoints.data.pinList, true);
  const keys = (list) => list.map(({ key }) => key);
  assert.ok(keys(await pinata.keys.list().limitedUse(true)).includes(made.pinata_api_key));
  assert.ok(!keys(await pinata.keys.list().limitedUse(true).exhausted(true)).includes(made.pinata_api_key));
  assert.ok(keys(await pinata.keys.list().revoked(false).all()).includes(made.pinata_api_key));
  assert.deepEqual(await pinata.keys.list().offset(1000), []);
  const revoked = await pinata.keys.revoke([made.pinata_api_key]);
  assert.deepEqual(revoked, [{ key: made.pinata_api_key, status: "Revoked" }]);
  await rejects(client({ pinataJwt: made.JWT }).files.public.list(), sdk.AuthenticationError);
  assert.ok(keys(await pinata.keys.list().revoked(true)).includes(made.pinata_api_key));
});

test("what is pinned by its CID is queued, listed and taken out again", async () => {
  const group = await pinata.groups.public.create({ name: "queue" });
  const job = await pinata.upload.public
    .cid(given.nowhere)
    .name("nowhere")
    .keyvalues({ a: "b" })
    .group(group.id)
    .peerAddress(["/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"]);
  assert.match(job.id, UUID);
  assert.deepEqual([job.cid, job.name, job.keyvalues, job.group_id], [given.nowhere, "nowhere", { a: "b" }, group.id]);
  assert.deepEqual(job.host_nodes.length, 1);
  const queue = () => pinata.files.public.queue();
  const found = (await queue().cid(given.nowhere).sort("DSC").pageLimit(1)).jobs;
  assert.deepEqual(found.map(({ id }) => id), [job.id]);
  assert.ok((await queue().all()).some(({ id }) => id === job.id));
  assert.deepEqual((await queue().status("over_max_size")).jobs, []);
  const other = await pinata.upload.public.cid(given.nowhere2); // no name is sent
  const page = await queue().sort("ASC").pageLimit(1);
  assert.equal((await queue().sort("ASC").pageLimit(1).pageToken(page.next_page_token)).jobs.length, 1);
  for (const { id } of [job, other]) assert.equal(await pinata.files.public.deletePinRequest(id), "OK");
  assert.deepEqual((await queue().cid(given.nowhere)).jobs, []);
});

test("what is pinned by its CID from another host becomes a file", async () => {
  await pinata.upload.public.cid(given.elsewhere).name("fetched");
  for (let tries = 0; ; tries++) {
    const { files } = await pinata.files.public.list().cid(given.elsewhere);
    if (files.length) break;
    assert.ok(tries < 100);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal((await pinata.gateways.public.get(given.elsewhere)).data, "elsewhere");
});

test("a swap is kept with its history, and undone", async () => {
  for (const network of ["public", "private"]) {
    const from = await pinata.upload[network].file(file(`from ${network}`));
    const to = await pinata.upload[network].file(file(`to ${network}`));
    const files = pinata.files[network];
    const swap = await files.addSwap({ cid: from.cid, swapCid: to.cid });
    assert.equal(swap.mapped_cid, to.cid);
    assert.ok(Date.parse(swap.created_at) > 0);
    const history = await files.getSwapHistory({ cid: from.cid, domain: given.domain });
    assert.deepEqual(history.map((one) => one.mapped_cid), [to.cid]);
    if (network === "public") assert.equal((await pinata.gateways.public.get(from.cid)).data, "to public");
    assert.equal(await files.deleteSwap(from.cid), "OK");
  }
});

test("content is read by its type, and images are changed", async () => {
  const json = await pinata.upload.public.json({ a: [1, 2] });
  assert.deepEqual(await pinata.gateways.public.get(json.cid), { data: { a: [1, 2] }, contentType: "application/json" });
  const { data, contentType } = await pinata.gateways.public
    .get(given.image)
    .optimizeImage({ width: 2, height: 2, fit: "cover", format: "webp", quality: 50, dpr: 1, gravity: "auto",
                     sharpen: 1, animation: true, onError: true, metadata: "none" });
  assert.equal(contentType, "image/webp");
  assert.ok(data instanceof Blob);
  await rejects(pinata.gateways.public.get("bafkreinothing"), sdk.NetworkError);
  assert.equal(
    await pinata.gateways.public.convert(`ipfs://${given.image}`, url),
    `${url}/ipfs/${given.image}`,
  );
});

test("private content is read through links alone", async () => {
  const made = await pinata.upload.private.file(file("a secret"));
  assert.deepEqual(await pinata.gateways.private.get(made.cid), { data: "a secret", contentType: "text/plain" });
  const link = await pinata.gateways.private.createAccessLink({ cid: made.cid, expires: 60 });
  assert.equal(await (await fetch(link)).text(), "a secret");
  assert.equal((await fetch(`${url}/files/${made.cid}`)).status, 401);
  const picture = await pinata.upload.private.base64(given.picture);
  const small = await pinata.gateways.private
    .createAccessLink({ cid: picture.cid, expires: 60, date: Math.floor(Date.now() / 1000) })
    .optimizeImage({ width: 2, format: "webp" });
  assert.equal((await fetch(small)).headers.get("content-type"), "image/webp");
  const read = await pinata.gateways.private.get(picture.cid).optimizeImage({ width: 2 });
  assert.equal(read.contentType, "image/png");
});

test("files are found by what they say", async () => {
  const group = await pinata.groups.private.create({ name: "words" });
  const made = await pinata.upload.private.file(file("a llama in the mountains")).group(group.id).vectorize();
  assert.equal(made.vectorized, true);
  for (const { id } of await pinata.files.private.list().cid(given.readme).all()) await pinata.files.private.delete([id]);
  for (const send of [(u) => u.json({ animal: "fox" }), (u) => u.base64("Zm94"), (u) => u.url(`${url}/ipfs/${given.readme}`)]) {
    const other = await send(pinata.upload.private).group(group.id).vectorize();
    assert.equal(other.vectorized, true);
  }
  const files = pinata.files.private;
  const found = await files.queryVectors({ groupId: group.id, query: "llama mountains" });
  assert.deepEqual([found.count, found.matches[0].file_id, found.matches[0].cid], [1, made.id, made.cid]);
  assert.ok(found.matches[0].score > 0);
  const read = await files.queryVectors({ groupId: group.id, query: "llama mountains", returnFile: true });
  assert.equal(read.data, "a llama in the mountains");
  assert.equal((await files.deleteVectors(made.id)).status, true); // as its type has it
  const again = await files.vectorize(made.id);
  assert.deepEqual([again.status, again.success], [true, true]); // the documentation has the latter
});

test("a signature is kept, shown and taken back", async () => {
  const { cid, signature, address } = given.signed;
  const signatures = pinata.signatures.public;
  assert.deepEqual(await signatures.add({ cid, signature, address }), { cid, signature });
  assert.deepEqual(await signatures.get(cid), { cid, signature });
  assert.equal(await signatures.delete(cid), "OK");
  await rejects(signatures.get(cid), sdk.NetworkError);
});

test("what was read is counted", async () => {
  const today = new Date().toISOString().slice(0, 10);
  for (const [name, about] of [["requests", "requests"], ["bandwidth", "bandwidth"]]) {
    const from = () => client().analytics[name].from(given.domain).days(1); // which keeps what it was asked
    const top = await from().cid().sort("desc").limit(5);
    assert.equal(top.data[0].value, given.readme);
    assert.ok(top.data[0][about] > 0);
    assert.equal((await from().cid(given.image)).data.length, 0);
    for (const attribute of ["fileName", "userAgent", "country", "region", "referer"]) {
      assert.ok(Array.isArray((await from()[attribute]()).data), attribute);
    }
    assert.ok((await from().customDates(today, today).userAgent("of the tests")).data.length > 0);
  }
  const summary = () => pinata.analytics.summary({ domain: given.domain, start: today, end: today, interval: "day" });
  const days = await summary().sortBy("requests").sort("asc").limit(5).all();
  assert.ok(days.total_requests > 0 && days.total_bandwidth > 0);
  assert.ok(days.time_periods.every((day) => Date.parse(day.period_start_time) > 0 && day.requests >= 0));
  for (const attribute of ["cid", "fileName", "userAgent", "country", "region", "referer"]) {
    assert.equal((await summary()[attribute]("nobody")).total_requests, 0, attribute);
  }
});

test("payment instructions are made, changed, put on CIDs, and deleted", async () => {
  const { x402 } = pinata;
  const fee = { asset: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", pay_to: `0x${"ab".repeat(20)}`, network: "base", amount: "10000" };
  const { data: made } = await x402.createPaymentInstruction({ name: "fee", payment_requirements: [fee], description: "d" });
  assert.deepEqual([made.version, made.name, made.payment_requirements[0].amount], [1, "fee", "10000"]);
  assert.deepEqual((await x402.getPaymentInstruction(made.id)).data, made);
  assert.equal((await x402.updatePaymentInstruction(made.id, { name: "dues" })).data.name, "dues");
  const secret = await pinata.upload.private.file(file("for sale"));
  const put = await x402.addCid(made.id, secret.cid);
  assert.deepEqual([put.data.payment_instruction_id, put.data.cid], [made.id, secret.cid]);
  assert.deepEqual((await x402.listCids(made.id, { limit: 5 })).data.cids, [secret.cid]);
  const { data: list } = await x402.listPaymentInstructions({ cid: secret.cid, name: "dues", id: made.id, limit: 5 });
  assert.deepEqual(list.payment_instructions.map(({ id }) => id), [made.id]);
  await x402.removeCid(made.id, secret.cid);
  assert.deepEqual((await x402.deletePaymentInstruction(made.id)).data, {});
  await rejects(x402.getPaymentInstruction(made.id), sdk.NetworkError);
});

test("what is stored is counted", async () => {
  const all = await pinata.files.public.list().all();
  assert.equal(typeof (await sdk.pinnedFileCount(config())), "number");
  assert.ok((await sdk.totalStorageUsage(config())) >= all.reduce((sum, { size }) => sum + size, 0));
});

test("every method was called", () => {
  const left = [...methods].filter((name) => !called.has(name) && !name.endsWith(".updateConfig"));
  assert.deepEqual(left, []);
});
