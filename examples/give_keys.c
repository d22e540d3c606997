/* SPDX-License-Identifier: MPL-2.0
 *
 * Protects a file with keys that the application gives: the first at once, and those of later crypto periods when they are there.
 * It prints a key file.
 *
 * usage: give_keys CLEAR PROTECTED, with GST_PLUGIN_PATH naming the folder of libgstplayready.so
 *
 * cc give_keys.c -o give_keys $(pkg-config --cflags --libs gstreamer-1.0)
 */

#include <gst/gst.h>
#include <sys/random.h>

typedef struct {
  GstElement *encryptor;
  guint64 period;
} Request;

/* Makes a key, and writes it as a line of a key file. */
static GstStructure *new_key(guint64 period, const gchar *selector, gboolean more)
{
  guint8 bytes[16];
  gchar secret[33];
  g_autofree gchar *key_id = g_uuid_string_random();
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    return NULL; /* the element posts an error, or waits for its key until key-timeout */
  for (gsize i = 0; i < sizeof bytes; i++)
    g_snprintf(secret + 2 * i, 3, "%02x", bytes[i]);
  g_print("%s@%" G_GUINT64_FORMAT " %s %s\n", selector, period, key_id, secret);
  return gst_structure_new("key", "period", G_TYPE_UINT64, period, "selector", G_TYPE_STRING, selector, "key-id", G_TYPE_STRING,
      key_id, "key", G_TYPE_STRING, secret, "more", G_TYPE_BOOLEAN, more, NULL);
}

static void give_key(const Request *request, const gchar *selector, gboolean more)
{
  g_autoptr(GstStructure) key = new_key(request->period, selector, more);
  gboolean is_taken = FALSE;
  if (key)
    g_signal_emit_by_name(request->encryptor, "set-key", key, &is_taken);
}

static gboolean give_keys(gpointer request)
{
  give_key(request, "video", TRUE);
  give_key(request, "audio", FALSE);
  return G_SOURCE_REMOVE;
}

static GstStructure *answer_request(GstElement *encryptor, GstStructure *structure, gpointer data)
{
  guint64 period = 0;
  (void) data;
  gst_structure_get_uint64(structure, "period", &period);
  if (period == 0)
    return new_key(period, "*", FALSE);
  Request *request = g_new(Request, 1);
  *request = (Request) { encryptor, period };
  g_timeout_add_full(G_PRIORITY_DEFAULT, 100, give_keys, request, g_free); /* a key service would answer in the main loop */
  return gst_structure_new_empty("pending");
}

static void print_key_ids(GstMessage *message, const gchar *name)
{
  const GstStructure *structure = gst_message_get_structure(message);
  g_auto(GStrv) key_ids = NULL;
  g_autofree gchar *text = NULL;
  if (gst_message_has_name(message, name) && gst_structure_get(structure, "key-id-list", G_TYPE_STRV, &key_ids, NULL)) {
    text = g_strjoinv(" ", key_ids);
    g_print("# %s %s\n", name, text);
  }
}

static gboolean handle_message(GstBus *bus, GstMessage *message, gpointer loop)
{
  g_autoptr(GError) error = NULL;
  (void) bus;
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, NULL);
    g_error("%s", error->message); /* ends the program */
  }
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
    g_main_loop_quit(loop);
  print_key_ids(message, "playready-protection");
  print_key_ids(message, "playready-key-change");
  return G_SOURCE_CONTINUE;
}

int main(int argc, char **argv)
{
  gst_init(&argc, &argv);
  g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
  g_autoptr(GstElement) pipeline =
      gst_parse_launch("filesrc name=in ! playreadyenc name=enc crypto-period=2000000000 ! filesink name=out", NULL);
  g_autoptr(GstElement) in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
  g_autoptr(GstElement) enc = gst_bin_get_by_name(GST_BIN(pipeline), "enc");
  g_autoptr(GstElement) out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
  g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
  g_return_val_if_fail(argc == 3, 2);
  g_object_set(in, "location", argv[1], NULL);
  g_object_set(out, "location", argv[2], NULL);
  g_signal_connect(enc, "request-key", G_CALLBACK(answer_request), NULL);
  gst_bus_add_watch(bus, handle_message, loop);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  g_main_loop_run(loop);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_bus_remove_watch(bus);
  return 0;
}
