// Starts the page: what was chosen last time, who is signed in, then the first screen.
import { mount } from 'svelte';
import './fonts.css';
import './tokens.css';
import './app.css';
import App from './App.svelte';
import { hooks } from './lib/api/client';
import { loadRest } from './lib/i18n/index.svelte';
import { observeDate } from './lib/state/clock.svelte';
import { prefs } from './lib/state/prefs.svelte';
import { router } from './lib/state/router.svelte';
import { session } from './lib/state/session.svelte';

hooks.date = observeDate;
router.start();
void session.check();
await prefs.restore();
const target = document.getElementById('app');
if (target) mount(App, { target });
loadRest().catch(() => {});

if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  addEventListener('load', () => {
    navigator.serviceWorker.register('/sw.js').catch(() => {});
  });
}
