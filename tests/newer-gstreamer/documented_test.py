# SPDX-License-Identifier: MPL-2.0
"""The scripts of pipelines/, and the elements behind each muxer: what was protected comes back as it was."""

import glob
import os
import subprocess

from pipelines import KEY, VIDEO, Folder, Gst, launch, passed, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KID_BY_MODE = {
    "cenc": "e0e1e2e3-e4e5-4647-9849-4a4b4c4d4e4f",
    "cens": "e0e1e2e3-e4e5-4647-9849-4a4b4c4d4e4f",
    "cbc1": "a0a1a2a3-a4a5-4647-9849-aaabacadaeaf",
    "cbcs": "a0a1a2a3-a4a5-4647-9849-aaabacadaeaf",
}
MUXERS = (
    "mp4mux fragment-duration=1000",
    "isofmp4mux fragment-duration=1000000000",
    "cmafmux fragment-duration=1000000000",
    "cmafmux fragment-duration=1000000000 chunk-duration=200000000",
)


class Documented(Folder):
    def test_scripts(self):
        scripts = sorted(glob.glob(os.path.join(ROOT, "pipelines", "*.sh")))
        self.assertGreater(len(scripts), 5)
        for script in scripts:
            name = os.path.basename(script)
            with self.subTest(name):
                folder = self.path(name)
                os.makedirs(folder)
                subprocess.run(["sh", script, folder], check=True, timeout=120)
                for file in glob.glob(os.path.join(folder, "*.mp4")):
                    with open(file, "rb") as protected:
                        self.assertIn(b"encv", protected.read())

    def samples(self, way):
        """The samples that qtdemux finds in what comes out of `way`."""
        location = self.path("back.mp4")
        launch(f"{VIDEO} ! {way} ! filesink location={location}")
        return passed(f"filesrc location={location} ! qtdemux ! fakesink name=out sync=false")

    def test_muxers(self):
        for muxer in MUXERS:
            clear = self.samples(muxer)
            self.assertEqual(len(clear), 200)
            for scheme, kid in KID_BY_MODE.items():
                with self.subTest(muxer=muxer, scheme=scheme):
                    key = f"key-id={kid} key={KEY}"
                    way = f"{muxer} ! playreadyenc scheme={scheme} {key} ! clearkeydec {key}"
                    self.assertEqual(self.samples(way), clear)

    def test_elementary_streams(self):
        caps = "video/x-h264,stream-format=avc,alignment=au"
        clear = passed(f"{VIDEO} ! {caps} ! fakesink name=out sync=false")
        for scheme, kid in KID_BY_MODE.items():
            with self.subTest(scheme):
                key = f"key-id={kid} key={KEY}"
                way = f"cencenc scheme={scheme} {key} ! clearkeydec {key}"
                self.assertEqual(passed(f"{VIDEO} ! {caps} ! {way} ! fakesink name=out sync=false"), clear)

    def test_recording_in_parts(self):
        for muxer in ("playreadymp4mux", "playreadycmafmux"):
            with self.subTest(muxer):
                location = self.path(f"{muxer}%02d.mp4")
                pipeline = Gst.parse_launch(
                    f"{VIDEO} ! splitmuxsink name=s max-size-time=2000000000 send-keyframe-requests=false location={location}"
                )
                element = Gst.ElementFactory.make(muxer)
                element.set_property("key-uri", self.keys)
                pipeline.get_by_name("s").set_property("muxer", element)
                run(pipeline)
                parts = sorted(glob.glob(self.path(f"{muxer}*.mp4")))
                self.assertEqual(len(parts), 4)
                for part in parts:
                    samples = passed(
                        f"filesrc location={part} ! clearkeydec key-uri={self.keys} ! qtdemux ! h264parse ! avdec_h264 "
                        "! fakesink name=out sync=false"
                    )
                    self.assertGreaterEqual(len(samples), 48)
