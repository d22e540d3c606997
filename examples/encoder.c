/* SPDX-License-Identifier: MPL-2.0
 *
 * An encoder application: live test pictures as protected HLS, with a new key after two seconds.
 *
 * The application answers `request-key` with keys of its own, asks for a new crypto period by `rotate-key`, and writes the
 * EXT-X-KEY lines that the element posts on the bus into the playlist.
 *
 * build: cc encoder.c -o encoder $(pkg-config --cflags --libs gstreamer-app-1.0)
 * usage: encoder FOLDER, with GST_PLUGIN_PATH naming the folder of libgstplayready.so
 */

#include <fcntl.h>
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define PIPELINE                                                                                        \
  "videotestsrc is-live=true num-buffers=125 ! video/x-raw,format=I420,width=320,height=180,framerate=25/1 " \
  "! x264enc tune=zerolatency key-int-max=25 ! h264parse ! mp4mux fragment-duration=1000 streamable=true " \
  "! playreadyenc name=encryptor scheme=cbcs ! appsink name=sink sync=false"

typedef struct {
  GstClockTime start;
  GstClockTime duration;
} Segment;

/* EXT-X-KEY lines and the running time from which they count. */
typedef struct {
  GstClockTime start;
  gchar *lines;
} KeyLines;

typedef struct {
  const gchar *folder;
  GMainLoop *loop;
  GArray *segments;  /* of Segment; used by the streaming thread until the pipeline has stopped */
  GArray *key_lines; /* of KeyLines */
  gboolean failed;
} Encoder;

/* Makes the key of a crypto period, and keeps it where only this user can read it before it is used. */
static GstStructure *answer_request(GstElement *element, GstStructure *request, Encoder *encoder)
{
  guint8 bytes[16];
  gchar key[33];
  guint64 period;
  (void) element;

  /* Without an answer the element posts an error and protects nothing. */
  if (!gst_structure_get_uint64(request, "period", &period) || getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    return NULL;
  for (gsize i = 0; i < sizeof bytes; i++)
    g_snprintf(key + 2 * i, 3, "%02x", bytes[i]);

  g_autofree gchar *path = g_build_filename(encoder->folder, "channel.keys", NULL);
  g_autofree gchar *kid = g_uuid_string_random();
  g_autofree gchar *line = g_strdup_printf("video@%" G_GUINT64_FORMAT " %s %s\n", period, kid, key);
  int file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  gboolean is_kept = file >= 0 && write(file, line, strlen(line)) == (gssize) strlen(line);
  if (file < 0 || close(file) < 0 || !is_kept)
    return NULL;
  return gst_structure_new("keys", "key-id", G_TYPE_STRING, kid, "key", G_TYPE_STRING, key, NULL);
}

/* Appends a buffer to the init segment or to the last media segment. */
static GstFlowReturn store(GstAppSink *sink, Encoder *encoder)
{
  g_autoptr(GstSample) sample = gst_app_sink_pull_sample(sink);
  GstBuffer *buffer = sample ? gst_sample_get_buffer(sample) : NULL;
  gchar box[4] = "";
  if (!buffer)
    return GST_FLOW_EOS;
  gst_buffer_extract(buffer, 4, box, sizeof box);
  if (memcmp(box, "mfra", sizeof box) == 0) /* lists the fragments of one whole file */
    return GST_FLOW_OK;
  if (memcmp(box, "moof", sizeof box) == 0) {
    Segment fresh = { GST_CLOCK_TIME_NONE, 0 };
    g_array_append_val(encoder->segments, fresh);
  }
  guint count = encoder->segments->len;
  if (count > 0 && GST_BUFFER_PTS_IS_VALID(buffer)) {
    Segment *last = &g_array_index(encoder->segments, Segment, count - 1);
    if (last->start == GST_CLOCK_TIME_NONE)
      last->start = GST_BUFFER_PTS(buffer);
    last->duration += GST_BUFFER_DURATION(buffer);
  }

  g_autofree gchar *name = count > 0 ? g_strdup_printf("segment%u.m4s", count - 1) : g_strdup("init.mp4");
  g_autofree gchar *path = g_build_filename(encoder->folder, name, NULL);
  GstMapInfo map;
  FILE *file = fopen(path, "ab");
  gboolean is_written = FALSE;
  if (file && gst_buffer_map(buffer, &map, GST_MAP_READ)) {
    is_written = fwrite(map.data, 1, map.size, file) == map.size;
    gst_buffer_unmap(buffer, &map);
  }
  if (!file || fclose(file) != 0 || !is_written)
    return GST_FLOW_ERROR;
  return GST_FLOW_OK;
}

/* Writes the playlist, with key lines before the first segment that they count for. */
static gboolean write_playlist(const Encoder *encoder)
{
  g_autoptr(GString) text = g_string_new("#EXTM3U\n#EXT-X-VERSION:7\n");
  GstClockTime longest = 0;
  guint next_lines = 0;
  for (guint i = 0; i < encoder->segments->len; i++)
    longest = MAX(longest, g_array_index(encoder->segments, Segment, i).duration);
  g_string_append_printf(text, "#EXT-X-TARGETDURATION:%u\n", (guint) ((longest + GST_SECOND / 2) / GST_SECOND));
  for (guint i = 0; i < encoder->segments->len; i++) {
    Segment *segment = &g_array_index(encoder->segments, Segment, i);
    for (; next_lines < encoder->key_lines->len; next_lines++) {
      KeyLines *key_lines = &g_array_index(encoder->key_lines, KeyLines, next_lines);
      if (key_lines->start > segment->start)
        break;
      g_string_append_printf(text, "%s\n", key_lines->lines);
    }
    if (i == 0)
      g_string_append(text, "#EXT-X-MAP:URI=\"init.mp4\"\n");
    g_string_append_printf(text, "#EXTINF:%u.%03u,\nsegment%u.m4s\n", (guint) (segment->duration / GST_SECOND),
        (guint) (segment->duration % GST_SECOND / GST_MSECOND), i);
  }
  g_string_append(text, "#EXT-X-ENDLIST\n");
  g_autofree gchar *path = g_build_filename(encoder->folder, "playlist.m3u8", NULL);
  return g_file_set_contents(path, text->str, -1, NULL);
}

static gboolean rotate(gpointer encryptor)
{
  g_signal_emit_by_name(encryptor, "rotate-key");
  return G_SOURCE_REMOVE;
}

static void take_key_lines(Encoder *encoder, const GstStructure *structure)
{
  KeyLines key_lines = { 0, g_strdup(gst_structure_get_string(structure, "hls-key")) };
  gst_structure_get_clock_time(structure, "running-time", &key_lines.start); /* the first key has none: from the start */
  g_array_append_val(encoder->key_lines, key_lines);
}

static gboolean handle_message(GstBus *bus, GstMessage *message, gpointer data)
{
  Encoder *encoder = data;
  (void) bus;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
    g_main_loop_quit(encoder->loop);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    g_autoptr(GError) error = NULL;
    g_autofree gchar *details = NULL;
    gst_message_parse_error(message, &error, &details);
    g_printerr("%s\n%s\n", error->message, details ? details : "");
    encoder->failed = TRUE;
    g_main_loop_quit(encoder->loop);
  }
  if (gst_message_has_name(message, "playready-protection") || gst_message_has_name(message, "playready-key-change"))
    take_key_lines(encoder, gst_message_get_structure(message));
  return G_SOURCE_CONTINUE;
}

static void free_key_lines(gpointer key_lines)
{
  g_free(((KeyLines *) key_lines)->lines);
}

int main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  gst_init(&argc, &argv);
  g_autoptr(GstElement) pipeline = gst_parse_launch(PIPELINE, &error);
  if (argc != 2 || error) {
    g_printerr("%s\n", error ? error->message : "usage: encoder FOLDER");
    return 2;
  }
  Encoder encoder = { .folder = argv[1], .loop = g_main_loop_new(NULL, FALSE) };
  encoder.segments = g_array_new(FALSE, FALSE, sizeof(Segment));
  encoder.key_lines = g_array_new(FALSE, FALSE, sizeof(KeyLines));
  g_array_set_clear_func(encoder.key_lines, free_key_lines);

  g_autoptr(GstElement) encryptor = gst_bin_get_by_name(GST_BIN(pipeline), "encryptor");
  g_autoptr(GstElement) sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
  g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
  g_signal_connect(encryptor, "request-key", G_CALLBACK(answer_request), &encoder);
  g_object_set(sink, "emit-signals", TRUE, NULL);
  g_signal_connect(sink, "new-sample", G_CALLBACK(store), &encoder);
  gst_bus_add_watch(bus, handle_message, &encoder);
  g_timeout_add(2000, rotate, encryptor);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  g_main_loop_run(encoder.loop);
  gst_element_set_state(pipeline, GST_STATE_NULL);

  gboolean is_done = !encoder.failed && write_playlist(&encoder);
  gst_bus_remove_watch(bus);
  g_main_loop_unref(encoder.loop);
  g_array_unref(encoder.segments);
  g_array_unref(encoder.key_lines);
  return is_done ? 0 : 1;
}
