// SPDX-License-Identifier: MPL-2.0
// What the page offers beyond its forms: texts copied by a click, and documents read from a file. All else works without it.
'use strict';

document.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const text = document.getElementById(button.dataset.copy).textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Select and copy by hand';
  }
  setTimeout(() => { button.textContent = 'Copy'; }, 2000);
});

document.addEventListener('change', async (event) => {
  const chosen = event.target;
  if (!chosen.dataset.into || !chosen.files.length) return;
  document.getElementById(chosen.dataset.into).value = await chosen.files[0].text();
});

// Shown by the style sheet once this script runs, so that nobody sees a control that does nothing.
document.documentElement.classList.add('scripted');
