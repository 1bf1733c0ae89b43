/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = process.env.AGENTFLOW_URL ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // Data URLs would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    // The polyfill is an inline script; every browser that runs the rest has modulepreload.
    modulePreload: { polyfill: false },
    // ELK's worker is 1.5 MB by nature; scripts/check-bundle.mjs watches what is loaded first.
    chunkSizeWarningLimit: 2000,
  },
  server: {
    proxy: {
      '/v1/stream': { target: api, ws: true },
      '/v1': api,
      '/openapi.json': api,
    },
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}', 'dev/**/*.test.{js,mjs,ts}'],
    setupFiles: ['src/test-setup.ts'],
    restoreMocks: true,
    // A net for what hangs; the layouts take long where two cores have much else to do.
    testTimeout: 30_000,
  },
});
