/* SPDX-License-Identifier: MPL-2.0
 * Protects a file with keys of the application, the first at once and those of later crypto periods later, and prints a key file.
 * cc give_keys.c -o give_keys $(pkg-config --cflags --libs gstreamer-1.0); usage: give_keys CLEAR PROTECTED */
#include <gst/gst.h>
#include <sys/random.h>

static GstElement *encryptor;

static GstStructure *new_key(guint64 period, const char *selector, gboolean more)
{
  guint8 bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    g_error("no random bytes"); /* ends the program */
  g_autofree char *key_id = g_uuid_string_random();
  g_autofree char *key = g_base64_encode(bytes, sizeof bytes);
  g_print("%s@%" G_GUINT64_FORMAT " %s %s\n", selector, period, key_id, key);
  return gst_structure_new("key", "period", G_TYPE_UINT64, period, "selector", G_TYPE_STRING, selector, "key-id", G_TYPE_STRING,
      key_id, "key", G_TYPE_STRING, key, "more", G_TYPE_BOOLEAN, more, NULL);
}

static gpointer give_keys(gpointer period)
{
  g_usleep(100000); /* until a key service has answered, for example */
  g_autoptr(GstStructure) video = new_key(GPOINTER_TO_SIZE(period), "video", TRUE);
  g_autoptr(GstStructure) audio = new_key(GPOINTER_TO_SIZE(period), "audio", FALSE);
  gboolean is_taken; /* if not, the element posts a warning */
  g_signal_emit_by_name(encryptor, "set-key", video, &is_taken);
  g_signal_emit_by_name(encryptor, "set-key", audio, &is_taken);
  return NULL;
}

static GstStructure *answer_request(GstElement *element G_GNUC_UNUSED, GstStructure *request)
{
  guint64 period;
  if (!gst_structure_get_uint64(request, "period", &period) || period == 0)
    return new_key(0, "*", FALSE);
  g_thread_unref(g_thread_new("keys", give_keys, GSIZE_TO_POINTER(period)));
  return gst_structure_new_empty("pending");
}

static void print_key_ids(GstMessage *message)
{
  const GstStructure *structure = gst_message_get_structure(message);
  const char *name = gst_structure_get_name(structure);
  g_auto(GStrv) key_ids = NULL;
  if ((g_str_equal(name, "playready-protection") || g_str_equal(name, "playready-key-change"))
      && gst_structure_get(structure, "key-id-list", G_TYPE_STRV, &key_ids, NULL)) {
    g_autofree char *text = g_strjoinv(" ", key_ids);
    g_print("# %s %s\n", name, text);
  }
  gst_message_unref(message);
}

int main(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  GstMessage *message;
  gst_init(&argc, &argv);
  g_return_val_if_fail(argc == 3, 2);
  g_autofree char *line = g_strdup_printf("filesrc location=\"%s\" ! playreadyenc name=enc crypto-period=2000000000 ! filesink "
      "location=\"%s\"", argv[1], argv[2]);
  GstElement *pipeline = gst_parse_launch(line, &error);
  if (!pipeline)
    return g_printerr("%s\n", error->message), 1;
  encryptor = gst_bin_get_by_name(GST_BIN(pipeline), "enc"); /* threads use it until the program ends */
  g_signal_connect(encryptor, "request-key", G_CALLBACK(answer_request), NULL);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  g_autoptr(GstBus) bus = gst_element_get_bus(pipeline);
  const GstMessageType kinds = GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_ELEMENT;
  while (GST_MESSAGE_TYPE(message = gst_bus_timed_pop_filtered(bus, GST_CLOCK_TIME_NONE, kinds)) == GST_MESSAGE_ELEMENT)
    print_key_ids(message);
  if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
    gst_message_parse_error(message, &error, NULL);
    g_printerr("%s\n", error->message);
  }
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return error ? 1 : 0;
}
