using System.Formats.Tar;
using System.Text;
using Registry.Core.Oci;
using Registry.Images.Layouts;
using Registry.Storage.Contracts;

namespace Registry.Images.Tests.Layouts;

/// <summary>Archives and folders with exaggerated sizes: the memory of an import does not grow with them.</summary>
[Xunit.Collection(Alone.Name)]
public sealed class HostileArchiveTests : IDisposable
{
    private const int MaxManifestSize = 4 * 1024 * 1024;
    private const long Gigabyte = 1_500_000_000;

    private readonly TemporaryFolder _folder = new("hostile-archive");

    private string Archive => Path.Combine(_folder.Path, "archive.tar");

    public static TheoryData<string> PipesAndDevices => ["a FIFO", "a device"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData('x', Gigabyte, false)]
    [InlineData('g', Gigabyte, false)]
    [InlineData('L', Gigabyte, false)]
    [InlineData('K', Gigabyte, false)]
    [InlineData('L', Gigabyte, true)]
    [InlineData('x', long.MaxValue, true)]
    [InlineData('x', TarHeaderLimit.MaxSize + 1, false)]
    public async Task A_header_that_claims_more_than_a_MiB_is_refused_before_it_is_read(char type, long size, bool isBinary)
    {
        // The archive is as long as it claims, without taking the room on the disk.
        await using (var archive = File.Create(Archive))
        {
            archive.Write(Header("name", type, size, isBinary));
            archive.SetLength(Math.Min(size, Gigabyte) + 4096);
        }

        await using var storage = await TestStorage.CreateAsync();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        await AssertRefusedAsync(storage, "has a header of more than 1048576 bytes");
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 64 * 1024 * 1024);
    }

    [Fact]
    public async Task A_long_header_whose_content_looks_like_one_is_read_as_content()
    {
        // The comment of a pax header is a block that would claim 1.5 GB.
        var block = Header("name", 'x', Gigabyte, isBinary: false);
        await using (var archive = File.Create(Archive))
        {
            archive.Write(Header("pax", 'x', 512, isBinary: false));
            archive.Write(block);
            archive.Write(Header("other", '0', 0, isBinary: false));
            archive.Write(new byte[1024]);
        }

        await using var storage = await TestStorage.CreateAsync();
        var fault = await Assert.ThrowsAsync<LayoutException>(() => ImportAsync(storage, Archive));
        Assert.DoesNotContain("header of more than", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Long_names_and_sparse_files_hold_no_memory_and_are_no_files_of_a_layout()
    {
        await using (var archive = File.Create(Archive))
        await using (var writer = new TarWriter(archive, TarEntryFormat.Pax))
        {
            for (var i = 0; i < 200; i++)
            {
                await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, $"{i}{new string('n', 500_000)}"));
            }

            // GNU's sparse format 1.0: a file of one GiB in one block.
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "GNUSparseFile.0/index.json", new Dictionary<string, string>
            {
                ["GNU.sparse.major"] = "1",
                ["GNU.sparse.minor"] = "0",
                ["GNU.sparse.name"] = "index.json",
                ["GNU.sparse.realsize"] = "1073741824",
            })
            { DataStream = new MemoryStream(new byte[512]) });
            await writer.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, "oci-layout") { DataStream = new MemoryStream(LayoutIndex.Marker.ToArray()) });
        }

        Assert.Equal("has more than 201 entries", Assert.Throws<LayoutException>(() => new TarSource(File.OpenRead(Archive), maxEntries: 201)).Message);
        using var source = new TarSource(File.OpenRead(Archive), maxEntries: 202);
        Assert.Equal(LayoutIndex.Marker.Length, source.Find("oci-layout"));
        Assert.Null(source.Find($"0{new string('n', 500_000)}"));
        Assert.True((source.Find("index.json") ?? 0) <= 1024);
        var held = GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange(held, 0, 100_000_000);
        GC.KeepAlive(source);
    }

    [Fact]
    public async Task Indexes_that_are_nested_deeply_are_not_held_all_at_once()
    {
        const int Depth = 60;
        await using var storage = await TestStorage.CreateAsync();
        var layout = Path.Combine(_folder.Path, "layout");
        var padding = new string('p', 3_000_000);
        var below = string.Empty;
        var held = new List<long>();
        for (var i = 0; i < Depth; i++)
        {
            var index = Samples.Text($$$"""{"schemaVersion":2,"mediaType":"{{{MediaTypes.OciIndex}}}","manifests":[{{{below}}}],"annotations":{"p":"{{{padding}}}"}}""");
            var digest = Samples.Digest(index);
            FolderContent.Write(index, layout, "blobs", "sha256", digest.Hex.ToString());
            below = $$"""{"mediaType":"{{MediaTypes.OciIndex}}","digest":"{{digest}}","size":{{index.Length}}}""";
        }

        FolderContent.Write(LayoutIndex.Marker.ToArray(), layout, "oci-layout");
        FolderContent.Write($$"""{"schemaVersion":2,"manifests":[{{below}}]}""", layout, "index.json");
        var source = new FolderSource(layout);
        var walk = new ManifestWalk(descriptor =>
        {
            held.Add(GC.GetTotalMemory(forceFullCollection: true));
            var content = LayoutIndex.ReadFile(source, LayoutIndex.BlobPath(descriptor.Digest), MaxManifestSize);
            return Task.FromResult(ManifestReader.Read(content, descriptor.MediaType).TryGet(out var manifest, out _) ? new LoadedManifest(descriptor, content, manifest) : null);
        });
        var count = 0;
        await foreach (var manifest in walk.ChildrenFirstAsync(LayoutIndex.Read(source)[0].Descriptor, default))
        {
            count++;
        }

        Assert.Equal(Depth, count);
        Assert.InRange(held.Max() - held.Min(), 0, 64 * 1024 * 1024);
    }

    [Theory]
    [MemberData(nameof(PipesAndDevices))]
    public async Task A_pipe_or_device_is_refused_and_not_opened(string kind)
    {
        Planted.Put(kind, Archive, Path.Combine(_folder.Path, "outside"));
        await using var storage = await TestStorage.CreateAsync();
        await AssertRefusedAsync(storage, "it is a pipe or a device, not a file");
    }

    private static byte[] Header(string name, char type, long size, bool isBinary)
    {
        var header = new byte[512];
        Encoding.ASCII.GetBytes(name, header);
        "0000644\0"u8.CopyTo(header.AsSpan(100));
        if (isBinary)
        {
            header[124] = 0x80;
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(128), size);
        }
        else
        {
            Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0'), header.AsSpan(124));
        }

        "        "u8.CopyTo(header.AsSpan(148));
        header[156] = (byte)type;
        (type is 'L' or 'K' ? "ustar  \0"u8 : "ustar\00000"u8[..8]).CopyTo(header.AsSpan(257));
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(octet => octet), 8).PadLeft(6, '0'), header.AsSpan(148));
        header[154] = 0;
        return header;
    }

    private async Task AssertRefusedAsync(TestStorage storage, string message) =>
        Assert.Contains(message, (await Assert.ThrowsAsync<LayoutException>(() => ImportAsync(storage, Archive))).Message, StringComparison.Ordinal);

    private static Task<TransferReport> ImportAsync(TestStorage storage, string path) => ImageImport.RunAsync(
        new ImageWriter(storage.Storage.Metadata, storage.Uploads, storage.Manifests, ContractOrigin.Request), path, null, new LayoutLimits(MaxManifestSize), null, default);
}
