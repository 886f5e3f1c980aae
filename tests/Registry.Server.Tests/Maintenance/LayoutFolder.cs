using System.Formats.Tar;
using System.Text.Json.Nodes;

namespace Registry.Server.Tests.Maintenance;

/// <summary>OCI image layouts of test images, as an export would write them.</summary>
internal static class LayoutFolder
{
    /// <summary>Writes a layout into a new folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="images">The images, with their full names.</param>
    public static void Write(string folder, params ReadOnlySpan<(string Name, TestImage Image)> images)
    {
        Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256"));
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        var entries = new JsonArray();
        foreach (var (name, image) in images)
        {
            foreach (var blob in Content(image))
            {
                File.WriteAllBytes(PathOf(folder, blob), blob.Bytes);
            }

            var entry = image.Describe();
            entry["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = name };
            entries.Add(entry);
        }

        File.WriteAllText(Path.Combine(folder, "index.json"), new JsonObject { ["schemaVersion"] = 2, ["manifests"] = entries }.ToJsonString());
    }

    /// <summary>Writes a layout into a tar archive.</summary>
    public static void WriteArchive(string archive, params ReadOnlySpan<(string Name, TestImage Image)> images)
    {
        using var folder = new TemporaryFolder("layout");
        Write(folder.Path, images);
        TarFile.CreateFromDirectory(folder.Path, archive, includeBaseDirectory: false);
    }

    /// <summary>Path of a blob in a layout.</summary>
    public static string PathOf(string folder, TestBlob blob) => Path.Combine(folder, "blobs", "sha256", blob.Digest["sha256:".Length..]);

    private static IEnumerable<TestBlob> Content(TestImage image) => [image.Manifest, .. image.Blobs, .. image.Children.SelectMany(Content)];
}
