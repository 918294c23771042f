import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

// Where `npm run dev` finds the API: a Steward, or the mock of `npm run mock`.
const api = process.env.STEWARD_URL ?? "http://127.0.0.1:5199";

// Compressed once, here, and not for every browser that asks: the server sends the `.gz` beside a
// file to whoever takes it. Below a kilobyte it is not worth a header.
const smaller: Plugin = {
  name: "smaller",
  apply: "build",
  closeBundle() {
    const dist = fileURLToPath(new URL("./dist", import.meta.url));
    for (const name of readdirSync(dist, { recursive: true, encoding: "utf8" })) {
      if (!/\.(js|css|html|svg)$/.test(name)) continue;
      const content = readFileSync(join(dist, name));
      if (content.length > 1024) writeFileSync(join(dist, `${name}.gz`), gzipSync(content, { level: 9 }));
    }
  },
};

// The server sends `default-src 'self'` without exceptions: nothing may be inlined, no script is
// injected for preloading, and every asset is a file of its own with a hash in its name.
export default defineConfig({
  base: "/",
  plugins: [react(), tailwind(), smaller],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { proxy: { "/api": api, "/ws": { target: api, ws: true } } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 300,
  },
});
