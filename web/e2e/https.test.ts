// HTTPS by an authority of Steward's own, in a browser that believes exactly this authority.
import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { connect } from "node:tls";
import { startBrowser, View } from "./support/browser.ts";
import { ask } from "./support/http.ts";
import { axe } from "./support/look.ts";
import { skipped } from "./support/needs.ts";
import { freePort } from "./support/ports.ts";
import { Server } from "./support/server.ts";
import { stepsOf } from "./support/steps.ts";
import { until, WHOLE } from "./support/time.ts";

/** How Chromium names a public key: SHA-256 of it, in Base64. */
function keyOf(certificate: X509Certificate): string {
  return createHash("sha256")
    .update(certificate.publicKey.export({ type: "spki", format: "der" }))
    .digest("base64");
}

/** Connects as somebody does who believes this authority alone, by a name; gives the server's certificate. */
function shown(server: Server, ca: string, servername: string): Promise<X509Certificate> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    // An address is checked as `host`; a name as `servername`.
    const socket = connect({ host: hostname, port: Number(port), ca, servername }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.end();
      if (certificate) resolve(certificate);
      else reject(new Error("no certificate"));
    });
    socket.on("error", reject);
  });
}

/** C10, M14, R21, R25. */
test("the pages work over HTTPS", { skip: skipped({ browser: true }), timeout: WHOLE }, async (t) => {
  const server = await Server.open(["--https", "--allowed-host", "nas.test"]);
  t.after(() => server.close());
  await server.claim();
  const ca = server.ca ?? "";
  const authority = new X509Certificate(ca);
  const step = stepsOf(t);

  await step("another implementation of TLS believes the authority, for its names alone", async () => {
    for (const name of ["localhost", "nas.test"]) {
      const leaf = await shown(server, ca, name);
      assert.ok(leaf.verify(authority.publicKey), "signed by the authority");
      assert.ok(leaf.checkHost(name) && leaf.checkIP("127.0.0.1"));
    }
    await assert.rejects(shown(server, ca, "evil.example"), /ERR_TLS_CERT_ALTNAME_INVALID|does not match/);
    await assert.rejects(ask(`${server.url}/`), /self-signed certificate/);
  });

  // Believed are certificates with this key in their chain, and no others.
  const browser = await startBrowser([`--ignore-certificate-errors-spki-list=${keyOf(authority)}`]);
  t.after(() => browser.close());
  const stranger = await startBrowser();
  t.after(() => stranger.close());
  const view = await View.open(browser, server);
  const { page } = view;
  const context = page.context();

  await step("a browser that does not know the authority does not show the page", async () => {
    const refused = await View.open(stranger, server);
    await assert.rejects(refused.go("/"), /ERR_CERT_AUTHORITY_INVALID/);
  });

  await step("the plain address leads there", async () => {
    const answer = await page.goto(`${server.url.replace("https:", "http:")}/login`);
    assert.equal(new URL(page.url()).protocol, "https:");
    assert.equal(answer?.request().redirectedFrom()?.url(), `${server.url.replace("https:", "http:")}/login`);
  });

  await step("signing in sets a cookie that only HTTPS and this host see", async () => {
    await view.signIn();
    const cookies = await context.cookies();
    const [session] = cookies;
    assert.equal(cookies.length, 1);
    assert.ok(session);
    const { name, secure, httpOnly, sameSite, path, domain } = session;
    assert.deepEqual(
      { name, secure, httpOnly, sameSite, path, domain },
      {
        name: "__Host-steward_session",
        secure: true,
        httpOnly: true,
        sameSite: "Strict",
        path: "/",
        domain: "127.0.0.1",
      },
    );
    assert.equal(await page.evaluate(() => isSecureContext), true);
    assert.equal(await page.evaluate(() => document.cookie), "");
  });

  await step("pages are live", async () => {
    const app = server.name("hello");
    await server.deploy("hello", app, { ports: { "8080/tcp": await freePort() } });
    await view.go(`/apps/${app}`);
    await view.heading(app);
    await view.button("Connection: Live").waitFor();
    await page.getByRole("heading", { name: "It runs as it should." }).waitFor();
    await server.good(["apps", "stop", app]);
    await page.getByRole("heading", { name: "It was stopped on purpose. Its data stays." }).waitFor();
    view.noErrors();
  });

  await step("the settings show what is believed, and give the certificate", async () => {
    await view.go("/settings/https");
    await view.text("Trust it on your devices");
    await view.text(authority.fingerprint256);
    const said = JSON.parse(await server.good(["self", "ca", "--data-dir", server.data, "--json"])) as { pem: string };
    assert.equal(said.pem, ca);
    await page.getByText("iPhone and iPad").click();
    await page.getByText("Certificate Trust Settings").waitFor();
    await axe(view, "the settings of HTTPS");
    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download the certificate" }).click();
    const saved = await download;
    assert.equal(saved.suggestedFilename(), "steward-ca.crt");
    await view.picture("https");
    view.noErrors();
  });

  await step("after a restart the same authority vouches, and the page goes on", async () => {
    await server.stop();
    await server.start();
    assert.equal(server.ca, ca);
    await until(
      "the page to be live again",
      async () => (await page.getByRole("button", { name: "Connection: Live" }).count()) > 0,
    );
    await page.reload();
    await view.text("Trust it on your devices");
  });
});
