using System.Globalization;
using Registry.Testing;
using Registry.Testing.Layouts;

namespace Registry.Interop.Tests;

/// <summary>Image built by the test itself, so that pulled content can be compared with it.</summary>
internal sealed class SampleImage
{
    private SampleImage(OciLayoutBuilder layout, OciDescriptor top, byte[] payload)
    {
        Layout = layout;
        Top = top;
        PayloadSha256 = OciLayoutBuilder.DigestOf(payload)["sha256:".Length..];
    }

    public OciLayoutBuilder Layout { get; }

    /// <summary>The image, or the index over the images.</summary>
    public OciDescriptor Top { get; }

    /// <summary>First output of <c>sha256sum /payload</c>, the image's command.</summary>
    public string PayloadSha256 { get; }

    /// <summary>One gzip layer with busybox and a random payload.</summary>
    public static SampleImage Runnable()
    {
        (byte[] payload, byte[] root) = Root();
        var layout = new OciLayoutBuilder();
        return new SampleImage(layout, layout.AddImage([layout.AddGzipLayer(root)]), payload);
    }

    /// <summary>The root layer and others that add <c>/layers/N</c> each, holding the number.</summary>
    public static SampleImage OfLayers(int count)
    {
        (byte[] payload, byte[] root) = Root();
        var layout = new OciLayoutBuilder();
        IEnumerable<OciLayer> others = Enumerable.Range(1, count - 1)
            .Select(number => number.ToString(CultureInfo.InvariantCulture))
            .Select(number => layout.AddGzipLayer(TarArchive.Of(($"layers/{number}", System.Text.Encoding.UTF8.GetBytes(number)))));
        return new SampleImage(layout, layout.AddImage([layout.AddGzipLayer(root), .. others], command: "cat /layers/*"), payload);
    }

    /// <summary>Creates an image with an empty archive as a layer between two others.</summary>
    public static SampleImage WithEmptyLayer()
    {
        (byte[] payload, byte[] root) = Root();
        var layout = new OciLayoutBuilder();
        OciLayer last = layout.AddGzipLayer(TarArchive.Of(("last", "last"u8.ToArray())));
        return new SampleImage(layout, layout.AddImage([layout.AddGzipLayer(root), layout.AddGzipLayer(TarArchive.Empty), last]), payload);
    }

    /// <summary>An index over amd64, arm64 and s390x; the layer with the payload is shared.</summary>
    public static SampleImage MultiArchitecture()
    {
        (byte[] payload, byte[] root) = Root();
        var layout = new OciLayoutBuilder();
        OciLayer shared = layout.AddGzipLayer(root);
        OciDescriptor[] images = [.. new[] { "amd64", "arm64", "s390x" }.Select(architecture => layout.AddImage(
            [shared, layout.AddGzipLayer(TarArchive.Of(("architecture", System.Text.Encoding.UTF8.GetBytes(architecture))))], architecture))];
        return new SampleImage(layout, layout.AddIndex(images), payload);
    }

    /// <summary>A zstd layer and one without compression, the first made by the zstd program.</summary>
    public static async Task<SampleImage> WithZstdLayerAsync()
    {
        (byte[] payload, byte[] root) = Root();
        using var folder = new TemporaryFolder("zstd");
        string tar = folder.File("root.tar");
        await File.WriteAllBytesAsync(tar, root, TestContext.Current.CancellationToken);
        _ = await new Command("zstd", "zstd").RunAsync("-q", tar);
        var layout = new OciLayoutBuilder();
        OciLayer zstd = layout.AddCompressedLayer(root, await File.ReadAllBytesAsync(tar + ".zst", TestContext.Current.CancellationToken), "+zstd");
        OciLayer plain = layout.AddLayer(TarArchive.Of(("plain", "plain"u8.ToArray())));
        return new SampleImage(layout, layout.AddImage([zstd, plain]), payload);
    }

    /// <summary>Writes an image layout in which the image has the tag <c>sample</c>.</summary>
    /// <returns>The name for skopeo and other clients: <c>oci:path:sample</c>.</returns>
    public string WriteTo(string folder)
    {
        Layout.Write(folder, Top, "sample");
        return $"oci:{folder}:sample";
    }

    /// <summary>Fails unless the registry holds exactly these bytes: manifests, configs and layers.</summary>
    public async Task AssertHeldAsync(RegistryHttp registry, string repository, string reference)
    {
        StoredImage stored = await registry.ReadImageAsync(repository, reference, TestContext.Current.CancellationToken);
        Assert.Equal(Top.Digest, stored.Digest);
        Assert.Equal(Top.MediaType, stored.MediaType);
        AssertSame(stored);
    }

    /// <summary>Fails unless the files of an image layout are the bytes of this one.</summary>
    public void AssertHeldIn(string layoutFolder)
    {
        string[] expected = [.. Layout.Content.Keys.Select(digest => digest["sha256:".Length..]).Order(StringComparer.Ordinal)];
        string[] files = Directory.GetFiles(Path.Combine(layoutFolder, "blobs", "sha256"));
        Assert.Equal(expected, files.Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        Assert.All(files, file => Assert.Equal(Layout.Content["sha256:" + Path.GetFileName(file)], File.ReadAllBytes(file)));
    }

    private void AssertSame(StoredImage stored)
    {
        Assert.Equal(Layout.Content[stored.Digest], stored.Manifest);
        Assert.All(stored.Blobs, blob => Assert.Equal(Layout.Content[blob.Digest].Length, blob.Size));
        Assert.All(stored.Children, AssertSame);
    }

    private static (byte[] Payload, byte[] Root) Root()
    {
        Requires.StaticBusybox();
        byte[] payload = TarArchive.RandomPayload();
        return (payload, TarArchive.RootFileSystem(payload));
    }
}
