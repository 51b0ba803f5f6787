import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Relative addresses: the built page works under any path of the server.
export default defineConfig({ base: './', plugins: [react()] });
