# SPDX-License-Identifier: MPL-2.0
"""Walks every task on the page with scripts, and the essential forms without. Environment: PAGE_URL, PAGE_TOKEN, CHROMIUM, and
PAGE_COPIED, the file for the command that was copied."""

import sys

import plain
import tasks
from desk import Desk, browser
from receiver import receiver


def narrow(chromium):
    return Desk(chromium, viewport={"width": 390, "height": 844})


def with_scripts(chromium, address):
    desk = Desk(chromium, viewport={"width": 1280, "height": 900})
    tasks.sign_in(desk)
    tasks.use_the_keyboard(desk)
    tasks.set_up_targets(desk, address)
    tasks.keep_a_seed(desk)
    tasks.set_up_a_content(desk)
    kid = tasks.make_a_random_key(desk)
    tasks.enter_a_key(desk, kid)
    tasks.derive_a_key(desk)
    tasks.show_a_clear_key(desk)
    tasks.retire_a_key(desk)
    tasks.find_keys(desk)
    tasks.import_keys(desk)
    tasks.rotate(desk)
    tasks.follow_a_channel(desk)
    tasks.preview(desk)
    tasks.export(desk)
    tasks.let_others_in(desk, chromium, narrow)
    tasks.read_the_audit(desk)
    tasks.look_at_the_store(desk)
    tasks.refuse_forms_of_others(desk)
    tasks.sign_out(desk)
    desk.is_clean()


def main():
    with browser() as chromium, receiver() as address:
        with_scripts(chromium, address)
        without = Desk(chromium, scripts=False)
        plain.walk(without)
        without.is_clean()
        plain.fits(narrow(chromium))
    print("walked")


if __name__ == "__main__":
    sys.exit(main())
