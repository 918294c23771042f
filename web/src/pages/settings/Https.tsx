import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import * as queries from "@/api/queries";
import type { AuthorityView, CertificateSource, HttpsView } from "@/api/types";
import { Loaded } from "@/components/Loaded";
import { DownloadButton } from "@/components/links";
import { Banner } from "@/ui/Banner";
import { Card, Facts } from "@/ui/Card";
import { CopyIconButton, CopyLine } from "@/ui/Copy";
import { When } from "@/ui/Time";

const CERTIFICATE = "/api/v1/system/ca.crt";

/** How this server is reached, and how devices come to trust it. */
export default function Https() {
  const query = useQuery(queries.https);
  return (
    <Loaded query={query} what="how this server is reached">
      {(https) => (
        <>
          <Warnings https={https} />
          {https.enabled ? <Certificate https={https} /> : <Off />}
          {https.authority && <Authority https={https} authority={https.authority} />}
        </>
      )}
    </Loaded>
  );
}

function Warnings({ https }: { https: HttpsView }) {
  return (
    <>
      {https.problem && <Banner role="alert" status="warn" title={https.problem} />}
      {https.exposed && (
        <Banner role="alert" status="warn" title="This server speaks plain HTTP where other machines reach it.">
          <p>Passwords and sign-ins can be read on the way. Start it with --https, or let it listen on 127.0.0.1.</p>
        </Banner>
      )}
    </>
  );
}

function Off() {
  return (
    <Card title="HTTPS is off">
      <div className="grid gap-3">
        <p>
          Start the server with <code>--https</code>. It makes an authority of its own, which your devices trust once;
          or it shows a certificate that you have.
        </p>
        <CopyLine text="steward serve --https --listen 0.0.0.0:8080 --allowed-host nas.lan" label="Copy the command" />
        <CopyLine
          text="steward serve --https --tls-cert FILE --tls-key FILE --listen 0.0.0.0:8080"
          label="Copy the command with files"
        />
      </div>
    </Card>
  );
}

const FROM: Record<CertificateSource, string> = {
  files: "two files of your own",
  authority: "Steward's own authority, renewed by itself",
  acme: "an authority that issued it over ACME, renewed by itself",
};

function Certificate({ https }: { https: HttpsView }) {
  return (
    <Card title="Certificate">
      <Facts
        items={[
          ["From", https.source ? FROM[https.source] : "nobody"],
          ["For", https.names.join(", ") || "no name"],
          ["Until", <When key="until" at={https.expires_at} />],
          ["SHA-256", <Fingerprint key="fingerprint" text={https.fingerprint ?? ""} of="the certificate" />],
        ]}
      />
    </Card>
  );
}

function Fingerprint({ text, of }: { text: string; of: string }) {
  return (
    <span className="flex items-center gap-1">
      <code className="min-w-0 break-all">{text}</code>
      <CopyIconButton text={text} label={`Copy the fingerprint of ${of}`} />
    </span>
  );
}

function Authority({ https, authority }: { https: HttpsView; authority: AuthorityView }) {
  return (
    <Card
      title={https.source === "acme" ? "For its other names" : "Trust it on your devices"}
      aside={
        <DownloadButton
          size="small"
          href={CERTIFICATE}
          download="steward-ca.crt"
          icon={<Download aria-hidden size={16} />}
        >
          Download the certificate
        </DownloadButton>
      }
    >
      <div className="grid gap-4">
        <Facts
          items={[
            ["Authority", authority.name],
            ["Until", <When key="until" at={authority.expires_at} />],
            ["SHA-256", <Fingerprint key="fingerprint" text={authority.fingerprint} of="the authority" />],
          ]}
        />
        <p>
          Compare the fingerprint with what <code>steward self ca</code> says on the server&apos;s own machine before
          you trust it. It can vouch for this server&apos;s names and for private addresses only.
        </p>
        <div className="grid gap-2">
          {PLATFORMS.map(({ name, steps }) => (
            <details key={name} className="rounded-control border border-border bg-canvas px-3">
              <summary className="min-h-10 py-2 font-medium">{name}</summary>
              <ol className="grid list-decimal gap-1 pb-3 pl-5">
                {steps.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ol>
            </details>
          ))}
        </div>
      </div>
    </Card>
  );
}

const PLATFORMS: { name: string; steps: string[] }[] = [
  {
    name: "Windows",
    steps: [
      "Open steward-ca.crt and choose Install Certificate, then Local Machine.",
      "Choose Place all certificates in the following store: Trusted Root Certification Authorities.",
      "Restart the browser.",
    ],
  },
  {
    name: "macOS",
    steps: [
      "Open steward-ca.crt; Keychain Access adds it to a keychain: choose System.",
      "Open it there, and under Trust choose Always Trust for Secure Sockets Layer (SSL).",
    ],
  },
  {
    name: "iPhone and iPad",
    steps: [
      "Download it with Safari and allow the profile.",
      "Settings, General, VPN & Device Management: install the profile.",
      "Settings, General, About, Certificate Trust Settings: turn it on. Without this step it is not trusted.",
    ],
  },
  {
    name: "Android",
    steps: [
      "Settings, Security, Encryption & credentials, Install a certificate, CA certificate.",
      "Choose steward-ca.crt among the downloads. Chrome trusts it then; some apps trust none but the system's.",
    ],
  },
  {
    name: "Debian and Ubuntu",
    steps: [
      "sudo cp steward-ca.crt /usr/local/share/ca-certificates/",
      "sudo update-ca-certificates",
      "Browsers keep lists of their own: see Firefox and Chromium.",
    ],
  },
  {
    name: "Firefox and Chromium on Linux",
    steps: [
      "Firefox: Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import: trust it for websites.",
      "Chromium: chrome://certificate-manager, Local certificates, Custom, Trusted Certificates, Import.",
    ],
  },
];
