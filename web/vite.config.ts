import { fileURLToPath } from "node:url";
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Where `npm run dev` finds the API: a Steward, or the mock of `npm run mock`.
const api = process.env.STEWARD_URL ?? "http://127.0.0.1:5199";

// The server sends `default-src 'self'` without exceptions: nothing may be inlined, no script is
// injected for preloading, and every asset is a file of its own with a hash in its name.
export default defineConfig({
  base: "/",
  plugins: [react(), tailwind()],
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
