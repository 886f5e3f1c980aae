using System.Formats.Tar;
using Registry.Core.Oci;
using Registry.Images.Layouts;
using Registry.Storage;
using Registry.Storage.Contracts;

namespace Registry.Images.Tests.Layouts;

/// <summary>Export, import and copy of images with their referrers.</summary>
public sealed class LayoutTests : IDisposable
{
    private const int MaxManifestSize = 4 * 1024 * 1024;
    private static readonly RepositoryName A = Samples.Repository("team/a");
    private static readonly RepositoryName B = Samples.Repository("b");

    private readonly TemporaryFolder _folder = new("layout");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("layout")]
    [InlineData("layout.tar")]
    public async Task What_is_exported_and_imported_is_the_same_with_children_and_referrers(string name)
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, signature, note) = await FillAsync(storage);
        var report = await ExportAsync(storage, name, "team/a");
        Assert.Equal(["team/a:1", "team/a:multi"], report.Images);
        Assert.Equal((5, 2, 4), (report.Manifests, report.Referrers, report.Blobs));

        await using var other = await TestStorage.CreateAsync();
        var imported = await ImportAsync(other, name, null);

        Assert.Equal(5, imported.Manifests);
        Assert.Equal(index, await other.GetAsync(A, Tag.Parse("multi")));
        Assert.NotNull(await other.GetAsync(A, Tag.Parse("1")));
        Assert.True(await other.SeesBlobAsync(A, Samples.Digest("two layer")));
        Assert.Equal([Samples.Digest(signature)], await ReferrersAsync(other, A, index));
        Assert.Equal([Samples.Digest(note)], await ReferrersAsync(other, A, signature));

        // The second time nothing changes.
        Assert.Equal(5, (await ImportAsync(other, name, null)).Manifests);
        Assert.Equal(index, await other.GetAsync(A, Tag.Parse("multi")));
    }

    [Fact]
    public async Task An_image_is_imported_under_another_name_and_without_what_refers_to_it()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, _, _) = await FillAsync(storage);
        var report = await ExportAsync(storage, "layout", "team/a:multi", withReferrers: false);
        Assert.Equal((3, 0), (report.Manifests, report.Referrers));
        await ImportAsync(storage, "layout", "b:new");
        Assert.Equal(index, await storage.GetAsync(B, Tag.Parse("new")));
        Assert.Empty(await ReferrersAsync(storage, B, index));
    }

    [Fact]
    public async Task A_copy_links_everything_and_copies_no_bytes()
    {
        await using var storage = await TestStorage.CreateAsync();
        var (index, signature, note) = await FillAsync(storage);
        await storage.WriteOutAsync();
        var before = (await storage.Storage.Blobs.ListStoredAsync()).Count;
        var writer = new ImageWriter(storage.Storage.Metadata, storage.Uploads, storage.Manifests, ContractOrigin.Request);
        var report = await ImageCopy.RunAsync(
            storage.Storage.Metadata, storage.Storage.Blobs, writer, Image("team/a:multi"), Image("b"), withReferrers: true, null, default);

        Assert.Equal(["b:multi"], report.Images);
        Assert.Equal((5, 2), (report.Manifests, report.Referrers));
        await storage.WriteOutAsync();
        Assert.Equal(before, (await storage.Storage.Blobs.ListStoredAsync()).Count);
        Assert.Equal(index, await storage.GetAsync(B, Tag.Parse("multi")));
        Assert.True(await storage.SeesBlobAsync(B, Samples.Digest("one layer")));
        Assert.Equal([Samples.Digest(signature)], await ReferrersAsync(storage, B, index));
        Assert.Equal([Samples.Digest(note)], await ReferrersAsync(storage, B, signature));
    }

    [Fact]
    public async Task A_layout_that_is_broken_changes_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await ExportAsync(storage, "layout", "team/a:1");
        await using var other = await TestStorage.CreateAsync();
        var layer = Blob("one layer");

        File.WriteAllText(layer, "one lager");
        await AssertRefusedAsync(other, "layout", "DIGEST_INVALID");
        File.Delete(layer);
        await AssertRefusedAsync(other, "layout", $"lacks the blob {Samples.Digest("one layer")}");
        File.CreateSymbolicLink(layer, Path.Combine(_folder.Path, "elsewhere"));
        await AssertRefusedAsync(other, "layout", "not a regular file");
        File.WriteAllBytes(Path.Combine(_folder.Path, "layout", "index.json"), new byte[MaxManifestSize + 1]);
        await AssertRefusedAsync(other, "layout", "more than the 4194304 allowed");
        File.WriteAllText(Path.Combine(_folder.Path, "layout", "index.json"), "{");
        await AssertRefusedAsync(other, "layout", "cannot be understood");
        await AssertRefusedAsync(other, "nothing", "cannot be read");
        Assert.Null(await other.Storage.Metadata.ListTagsAsync(A, null, 1) is { Items.Count: > 0 } page ? page : null);
    }

    [Fact]
    public async Task An_archive_that_leads_out_of_itself_or_is_none_is_refused()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await ExportAsync(storage, "good.tar", "team/a:1");
        var good = await File.ReadAllBytesAsync(Path.Combine(_folder.Path, "good.tar"));
        await File.WriteAllBytesAsync(Path.Combine(_folder.Path, "short.tar"), good[..(good.Length / 2)]);
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "text.tar"), new string('x', 2000));
        await using (var writer = new TarWriter(File.Create(Path.Combine(_folder.Path, "links.tar"))))
        {
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "../outside") { DataStream = new MemoryStream([1]) });
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.SymbolicLink, "oci-layout") { LinkName = "/etc/passwd" });
        }

        await using (var writer = new TarWriter(File.Create(Path.Combine(_folder.Path, "docker.tar"))))
        {
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.RegularFile, "manifest.json") { DataStream = new MemoryStream([1]) });
        }

        await AssertRefusedAsync(storage, "short.tar", "");
        await AssertRefusedAsync(storage, "text.tar", "is not a tar archive");
        await AssertRefusedAsync(storage, "links.tar", "not a regular file");
        await AssertRefusedAsync(storage, "docker.tar", "older 'docker save'");
        Assert.False(File.Exists(Path.Combine(_folder.Path, "..", "outside")));
    }

    [Fact]
    public async Task An_export_that_fails_leaves_nothing()
    {
        await using var storage = await TestStorage.CreateAsync();
        await FillAsync(storage);
        await storage.WriteOutAsync();
        await File.WriteAllTextAsync(storage.Paths.BlobData(Samples.Digest("one layer")), "one lager");
        foreach (var name in new[] { "layout", "layout.tar" })
        {
            var refused = await Assert.ThrowsAsync<LayoutException>(() => ExportAsync(storage, name, "team/a:1"));
            Assert.Contains($"{Samples.Digest("one layer")} is damaged", refused.Message, StringComparison.Ordinal);
        }

        await Assert.ThrowsAsync<LayoutException>(() => ExportAsync(storage, "layout", "team/a:nothing"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("docker.io/library/busybox:latest", "library/busybox:latest")]
    [InlineData("localhost:5000/a/b:1", "a/b:1")]
    [InlineData("team/a", "team/a")]
    [InlineData("Team/a", null)]
    public void The_host_of_a_name_is_left_out(string text, string? expected) =>
        Assert.Equal(expected, ImageReference.TryParseWithHost(text, out var image) ? image.ToString() : null);

    private static ImageReference Image(string text) => ImageReference.TryParse(text, out var image) ? image : throw new FormatException(text);

    private static async Task<IEnumerable<Digest>> ReferrersAsync(TestStorage storage, RepositoryName repository, byte[] subject) =>
        (await storage.Storage.Metadata.ListReferrersAsync(repository, Samples.Digest(subject), null, null, 10)).Items.Select(referrer => referrer.Digest);

    // An index of two images with two layers each less one config; a signature of the index, and a note about the signature.
    private static async Task<(byte[] Index, byte[] Signature, byte[] Note)> FillAsync(TestStorage storage)
    {
        var one = await storage.PushImageAsync(A, "one", "1");
        var two = await storage.PushImageAsync(A, "two");
        var index = Samples.Index([Samples.Child(one), Samples.Child(two)]);
        await storage.PutAsync(A, index, "multi");
        var signature = Samples.Image("one config", [], Samples.Child(index, MediaTypes.OciIndex), "application/vnd.example.signature");
        await storage.PutAsync(A, signature);
        var note = Samples.Image("one config", [], Samples.Child(signature), "application/vnd.example.note");
        await storage.PutAsync(A, note);
        return (index, signature, note);
    }

    private string Blob(string text) => Path.Combine(_folder.Path, "layout", "blobs", "sha256", Samples.Digest(text).Hex.ToString());

    private async Task<TransferReport> ExportAsync(TestStorage storage, string name, string image, bool withReferrers = true)
    {
        await using var reader = await StorageReader.OpenAsync(new StorageChoice(storage.Path), TimeProvider.System, storage.Loggers, default);
        return await ImageExport.ToPathAsync(reader, [Image(image)], Path.Combine(_folder.Path, name), withReferrers, null, default);
    }

    private Task<TransferReport> ImportAsync(TestStorage storage, string name, string? target) => ImageImport.RunAsync(
        new ImageWriter(storage.Storage.Metadata, storage.Uploads, storage.Manifests, ContractOrigin.Request),
        Path.Combine(_folder.Path, name),
        target is null ? null : Image(target),
        new LayoutLimits(MaxManifestSize),
        null,
        default);

    private async Task AssertRefusedAsync(TestStorage storage, string name, string reason) => Assert.Contains(
        reason, (await Assert.ThrowsAsync<LayoutException>(() => ImportAsync(storage, name, null))).Message, StringComparison.Ordinal);
}
