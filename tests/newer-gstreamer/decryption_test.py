# SPDX-License-Identifier: MPL-2.0
"""clearkeydec after qtdemux: clear leads of both schemes, keys that change, and playback by playbin3."""

from pipelines import KEY, KID, Failure, Folder, Gst, passed, record, run

SECOND = Gst.SECOND
PADS = ("video_0", "audio_0")
PICTURES = ("video_0",)


class Decryption(Folder):
    def demuxed(self, location, pad, way):
        return passed(f"filesrc location={location} ! qtdemux name=d d.{pad} ! {way} ! fakesink name=out sync=false")

    def comes_back(self, properties, decryptor, pads=PADS, ways=("", "! queue ")):
        """Each sample leaves clearkeydec after qtdemux as it was, from a file that qtdemux reads itself and from a stream."""
        protected = self.protect(properties)
        for pad in pads:
            clear = self.demuxed(self.clear, pad, "identity")
            self.assertGreater(len(clear), 100)
            for way in ways:
                back = self.demuxed(f"{protected} {way}", pad, f"clearkeydec {decryptor}")
                self.assertEqual(back, clear, f"{pad} {way}")

    def test_one_key(self):
        for scheme in ("cenc", "cbcs"):
            with self.subTest(scheme):
                self.comes_back(f"scheme={scheme} key-uri={self.keys}", f"key-uri={self.keys}")

    def test_clear_lead(self):
        # qtdemux refuses the sample group of clear cbcs samples, and announces them as protected. Pictures are known by their lack
        # of subsamples.
        for scheme, pads in (("cenc", PADS), ("cbcs", PICTURES)):
            with self.subTest(scheme):
                properties = f"scheme={scheme} key-uri={self.keys} clear-lead={2 * SECOND}"
                self.comes_back(properties, f"key-uri={self.keys}", pads)

    def test_keys_that_change(self):
        for scheme in ("cenc", "cbcs"):
            with self.subTest(scheme):
                properties = f"scheme={scheme} key-uri={self.period_keys} crypto-period={2 * SECOND}"
                self.comes_back(properties, f"key-uri={self.period_keys}", PICTURES)
                # In pull mode qtdemux takes the last cbcs sound of a fragment for one of the next.
                ways = ("! queue ",) if scheme == "cbcs" else ("", "! queue ")
                self.comes_back(properties, f"key-uri={self.period_keys}", ("audio_0",), ways)

    def test_keys_that_change_after_a_clear_lead(self):
        for scheme, pads in (("cenc", PADS), ("cbcs", PICTURES)):
            with self.subTest(scheme):
                properties = f"scheme={scheme} key-uri={self.period_keys} crypto-period={2 * SECOND} clear-lead={SECOND}"
                self.comes_back(properties, f"key-uri={self.period_keys}", pads)

    def test_seed(self):
        seed = "key-seed=" + "00112233445566778899" * 6
        self.comes_back(f"key-id={KID} {seed} crypto-period={2 * SECOND}", seed)

    def test_protected_samples_without_meta_do_not_pass(self):
        protected = self.protect(f"key-id={KID} key={KEY}")
        with open(protected, "r+b") as file:
            # qtdemux finds the auxiliary information by these boxes, and reads no senc.
            data = file.read().replace(b"saiz", b"free").replace(b"saio", b"free")
            file.seek(0)
            file.write(data)
        for pad in PADS:
            line = f"filesrc location={protected} ! qtdemux name=d d.{pad} ! clearkeydec name=c key-id={KID} key={KEY} ! fakesink"
            pipeline = Gst.parse_launch(line)
            left = record(pipeline.get_by_name("c").get_static_pad("src"))
            with self.assertRaisesRegex(Failure, "no protection meta"):
                run(pipeline)
            self.assertEqual(left, [])

    def play(self, location, keys):
        """Plays a file by playbin3, and returns digests of the shown pictures and the played sound."""
        player = Gst.ElementFactory.make("playbin3")
        player.set_property("uri", f"file://{location}")
        decryptors = []

        def set_keys(_, element):
            if element.get_factory() and element.get_factory().get_name() == "clearkeydec":
                decryptors.append(element)
                element.set_property("key-uri", keys)

        player.connect("element-setup", set_keys)
        shown = []
        for name in ("video-sink", "audio-sink"):
            sink = Gst.ElementFactory.make("fakesink")
            sink.set_property("sync", False)
            shown.append(record(sink.get_static_pad("sink")))
            player.set_property(name, sink)
        run(player)
        return len(decryptors), shown

    def test_playbin3(self):
        _, (clear_pictures, clear_sound) = self.play(self.clear, None)
        self.assertGreater(len(clear_pictures), 190)
        for scheme in ("cenc", "cbcs"):
            for keys, more in (
                (self.keys, ""),
                (self.keys, f"clear-lead={2 * SECOND}"),
                (self.period_keys, f"crypto-period={2 * SECOND}"),
            ):
                with self.subTest(scheme=scheme, more=more):
                    # Sound of cbcs is left clear where qtdemux is at fault, see above.
                    faulty = scheme == "cbcs" and more
                    more += " clear-tracks=audio" if faulty else ""
                    protected = self.protect(f"scheme={scheme} key-uri={keys} {more}")
                    decryptors, (pictures, sound) = self.play(protected, keys)
                    self.assertEqual(decryptors, 1 if faulty else 2)
                    self.assertEqual(pictures, clear_pictures)
                    self.assertEqual(len(sound), len(clear_sound))
