using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

/// <summary>Symbolic links, FIFOs and devices in repositories/: the registry neither follows nor opens them.</summary>
public sealed class PlantedLinksTests : IDisposable
{
    private static readonly RepositoryName A = Samples.Repository("team/a");
    private static readonly RepositoryName B = Samples.Repository("b");
    private static readonly Tag Latest = Tag.Parse("latest");
    private static readonly Digest Layer = Samples.Digest("app layer");

    private readonly TemporaryFolder _outside = new();

    private static readonly string[] Everywhere =
    [
        "team", "team/a", "team/a/_layers", "team/a/_layers/sha256", "team/a/_layers/sha256/<layer>", "team/a/_layers/sha256/<layer>/link",
        "team/a/_manifests", "team/a/_manifests/tags", "team/a/_manifests/tags/latest", "team/a/_manifests/tags/latest/current/link",
        "team/a/_manifests/tags/latest/index", "team/a/_manifests/revisions/sha256",
    ];

    public static MatrixTheoryData<string, string> PlacesAndKinds => new(Everywhere, Planted.Kinds);

    public static TheoryData<string> Places => new(Everywhere);

    [Theory]
    [MemberData(nameof(PlacesAndKinds))]
    public async Task Writing_the_tree_stops_before_it_and_goes_on_when_it_is_gone(string place, string kind)
    {
        await using var storage = await TestStorage.CreateAsync();
        var path = PathOf(storage.Path, place);
        Planted.Put(kind, path, _outside.Path);
        await storage.PushImageAsync(A, "app", "latest");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is not null);
        Assert.Contains(path, storage.Storage.Files!.TreeFailure, StringComparison.Ordinal);
        Planted.AssertUntouched(_outside.Path);

        File.Delete(path);
        await storage.PushBlobAsync(B, "another change wakes it");
        await Eventually.TrueAsync(() => storage.Storage.Files!.TreeFailure is null);
        await storage.CloseAsync();
        Assert.Equal(6, FolderContent.List(Path.Combine(storage.Path, "repositories")).Count);
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task Removing_from_the_tree_removes_nothing_behind_a_link(string place)
    {
        await using var storage = await TestStorage.CreateAsync();
        var image = await storage.PushImageAsync(A, "app", "latest");
        await storage.ReopenAsync();
        Planted.Put("a link to a folder", PathOf(storage.Path, place), _outside.Path);
        await storage.DeleteAsync(A, Samples.Digest(image));
        Assert.Null((await storage.Blobs.DeleteAsync(A, Layer)).Error);
        await storage.CloseAsync();
        Planted.AssertUntouched(_outside.Path);
    }

    [Theory]
    [MemberData(nameof(PlacesAndKinds))]
    public void Reading_the_tree_takes_nothing_from_it(string place, string kind)
    {
        using var folder = new TemporaryFolder();
        PlantImage(new DataPaths(folder.Path));
        Planted.Put(kind, PathOf(folder.Path, place), _outside.Path);

        var findings = new List<string>();
        var reader = new TreeReader(new DataPaths(folder.Path), findings.Add);
        var isThere = reader.Exists(A);
        Assert.Equal(isThere, reader.Repositories().Any());
        var found = reader.Read(A);
        Assert.Equal(place is "team" or "team/a", !isThere);
        Assert.True(found.Manifests.Count == 0 || found.Layers.Count < 2 || found.Tags.Count == 0 || found.TagHistory.Count == 0, "Something must be missing.");

        // The links in that place are unknown, so nothing that is known expires.
        Assert.True(found.IsPinned || place.Contains("tags", StringComparison.Ordinal));
        Assert.NotEmpty(findings);
        Planted.AssertUntouched(_outside.Path);
    }

    [Fact]
    public async Task A_link_file_that_is_as_large_as_a_disk_is_not_read()
    {
        await using var storage = await TestStorage.CreateAsync();
        await storage.PushImageAsync(A, "app", "latest");
        await storage.CloseAsync();
        using (var link = File.OpenHandle(PathOf(storage.Path, "team/a/_manifests/tags/latest/current/link"), access: FileAccess.Write))
        {
            RandomAccess.SetLength(link, 1L << 40);
        }

        var findings = new List<string>();
        var found = new TreeReader(new DataPaths(storage.Path), findings.Add).Read(A);
        Assert.Empty(found.Tags);
        Assert.Single(found.Manifests);
        Assert.Contains("tag team/a:latest is not served", Assert.Single(findings), StringComparison.Ordinal);
    }

    public void Dispose() => _outside.Dispose();

    private static void PlantImage(DataPaths paths)
    {
        var image = Samples.Image("app config", [Samples.Layer("app layer")]);
        foreach (var content in new[] { Samples.Text("app config"), Samples.Text("app layer"), image })
        {
            FolderContent.Write(content, paths.BlobData(Samples.Digest(content)));
            var folder = content == image ? paths.Revision(A, Samples.Digest(content)) : paths.Layer(A, Samples.Digest(content));
            FolderContent.Write(Samples.Digest(content).Value, folder, "link");
        }

        FolderContent.Write(Samples.Digest(image).Value, paths.TagCurrent(A, Latest), "link");
        FolderContent.Write(Samples.Digest(image).Value, paths.TagIndex(A, Latest, Samples.Digest(image)), "link");
    }

    private static string PathOf(string root, string place) =>
        Path.Combine(root, "repositories", place.Replace("<layer>", Layer.Hex.ToString(), StringComparison.Ordinal));
}
