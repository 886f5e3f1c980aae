using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

public sealed class TreeReaderTests : IDisposable
{
    private static readonly RepositoryName App = Samples.Repository("team/app");
    private static readonly byte[] Image = Samples.Image("config", [Samples.Layer("layer")]);
    private static readonly Tag Latest = Tag.Parse("latest");

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _findings = [];
    private readonly DataPaths _paths;
    private readonly TreeReader _reader;

    public TreeReaderTests()
    {
        _paths = new DataPaths(_folder.Path);
        _reader = new TreeReader(_paths, _findings.Add);
    }

    [Fact]
    public void A_good_repository_is_read_whole_and_reported_nothing_about()
    {
        PlantImage();
        var older = Samples.Image("config", []);
        PlantManifest(App, older);
        PlantLink(_paths.TagIndex(App, Latest, Samples.Digest(older)), Samples.Digest(older).Value);
        var found = _reader.Read(App);
        Assert.Equal(App, found.Name);
        Assert.Equal(
            new[] { Samples.Digest(Image), Samples.Digest(older) }.Order(), found.Manifests.Select(manifest => manifest.Digest).Order());
        Assert.Equal(Image.Length, found.Manifests.Single(manifest => manifest.Digest == Samples.Digest(Image)).Size);
        Assert.Equal(
            new Dictionary<Digest, long> { [Samples.Digest("config")] = 6, [Samples.Digest("layer")] = 5 }, found.Layers.ToDictionary());
        Assert.Equal([new(Latest, Samples.Digest(Image))], found.Tags);
        Assert.Equal(2, found.TagHistory.Count);
        Assert.False(found.IsPinned);
        Assert.Empty(_findings);
    }

    [Fact]
    public void Nothing_is_found_where_there_is_nothing()
    {
        Assert.True(_reader.IsEmpty);
        Assert.Empty(_reader.Repositories());
        Assert.False(_reader.Exists(App));
        Assert.Empty(_reader.Read(App).Manifests);
        Directory.CreateDirectory(_paths.Repositories);
        Assert.True(_reader.IsEmpty);
    }

    [Fact]
    public void Repositories_are_found_at_every_depth_and_inside_each_other()
    {
        foreach (var name in new[] { "a", "a/b", "a/b/c/d", "z" })
        {
            Directory.CreateDirectory(Path.Combine(_paths.Repository(Samples.Repository(name)), name == "z" ? "_layers" : "_manifests"));
        }

        Assert.Equal(["a", "a/b", "a/b/c/d", "z"], Names());
        Assert.True(_reader.Exists(Samples.Repository("a/b")));
        Assert.False(_reader.Exists(Samples.Repository("a/b/c")));
        Assert.False(_reader.IsEmpty);
        Assert.Empty(_findings);
    }

    [Fact]
    public void Uploads_of_distribution_and_empty_folders_are_no_repositories()
    {
        Directory.CreateDirectory(Path.Combine(_paths.Repositories, "empty", "deeper"));
        FolderContent.Write("x", _paths.Repositories, "uploading", "_uploads", "some-id", "data");
        PlantImage();
        Directory.CreateDirectory(Path.Combine(_paths.Repository(App), "_uploads", "id", "_layers"));
        Assert.Equal(["team/app"], Names());
        Assert.Empty(_findings);
    }

    [Fact]
    public void A_folder_that_no_repository_can_be_called_is_reported_and_left_alone()
    {
        Directory.CreateDirectory(Path.Combine(_paths.Repositories, "Upper", "_layers"));
        Directory.CreateDirectory(Path.Combine(_paths.Repositories, "Upper", "below", "_layers"));
        PlantImage();
        Assert.Equal(["team/app"], Names());
        Assert.Equal(2, _findings.Count);
        Assert.All(_findings, finding => Assert.Contains("not a repository name", finding, StringComparison.Ordinal));
    }

    [Fact]
    public void Links_to_folders_are_not_followed_neither_when_listing_nor_when_asked()
    {
        PlantImage();
        var team = Path.Combine(_paths.Repositories, "team");
        Directory.CreateSymbolicLink(Path.Combine(team, "link"), _paths.Repository(App));
        Directory.CreateSymbolicLink(Path.Combine(_paths.Repositories, "other"), team);
        Directory.CreateSymbolicLink(Path.Combine(team, "loop"), _paths.Repositories);
        Assert.Equal(["team/app"], Names());
        Assert.True(_reader.Exists(App));
        Assert.False(_reader.Exists(Samples.Repository("team/link")));
        Assert.False(_reader.Exists(Samples.Repository("other/app")));
    }

    [Fact]
    public void A_folder_without_a_link_was_deleted()
    {
        PlantImage();
        File.Delete(Path.Combine(_paths.Revision(App, Samples.Digest(Image)), "link"));
        File.Delete(Path.Combine(_paths.Layer(App, Samples.Digest("layer")), "link"));
        var found = _reader.Read(App);
        Assert.Empty(found.Manifests);
        Assert.Equal([Samples.Digest("config")], found.Layers.Select(layer => layer.Key));
        Assert.Empty(found.Tags);
        Assert.Contains(_findings, finding => finding.Contains("tag latest points at", StringComparison.Ordinal));
    }

    [Fact]
    public void An_empty_link_means_what_its_folder_is_called()
    {
        PlantImage();
        PlantLink(_paths.Revision(App, Samples.Digest(Image)), "");
        PlantLink(_paths.Layer(App, Samples.Digest("layer")), "");
        var found = _reader.Read(App);
        Assert.Single(found.Manifests);
        Assert.Equal(2, found.Layers.Count);
        Assert.Single(found.Tags);
    }

    [Fact]
    public void Links_to_nothing_are_left_out()
    {
        PlantImage();
        File.Delete(_paths.BlobData(Samples.Digest("layer")));
        File.Delete(_paths.BlobData(Samples.Digest(Image)));
        var found = _reader.Read(App);
        Assert.Empty(found.Manifests);
        Assert.Equal([Samples.Digest("config")], found.Layers.Select(layer => layer.Key));
        Assert.False(found.IsPinned);
        Assert.Contains(_findings, finding => finding.Contains("are missing", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("")]
    [InlineData("[]")]
    public void A_manifest_that_cannot_be_understood_pins_its_repository(string content)
    {
        PlantImage();
        var digest = PlantManifest(App, Samples.Text(content));
        var found = _reader.Read(App);
        Assert.True(found.IsPinned);
        Assert.Equal([Samples.Digest(Image)], found.Manifests.Select(manifest => manifest.Digest));
        Assert.Contains(_findings, finding => finding.Contains(digest.Value, StringComparison.Ordinal) && finding.Contains("no blob of team/app will expire", StringComparison.Ordinal));
    }

    [Fact]
    public void A_manifest_that_cannot_be_read_pins_its_repository()
    {
        PlantImage();
        var digest = PlantManifest(App, Samples.Text("{}"));
        var data = _paths.BlobData(digest);
        File.Delete(data);
        File.CreateSymbolicLink(data, data);
        var found = _reader.Read(App);
        Assert.True(found.IsPinned);
        Assert.Single(found.Manifests);
        Assert.NotEmpty(_findings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("sha256:12")]
    public void A_tag_whose_link_is_damaged_is_left_out_and_the_others_stay(string link)
    {
        PlantImage();
        PlantLink(_paths.TagCurrent(App, Tag.Parse("broken")), link);
        Assert.Equal([new(Latest, Samples.Digest(Image))], _reader.Read(App).Tags);
        Assert.Contains("tag team/app:broken is not served", Assert.Single(_findings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tag_whose_link_is_a_folder_is_left_out_and_the_others_stay()
    {
        PlantImage();
        Directory.CreateDirectory(Path.Combine(_paths.TagCurrent(App, Tag.Parse("broken")), "link"));
        Assert.Equal([new(Latest, Samples.Digest(Image))], _reader.Read(App).Tags);
        Assert.Contains("tag team/app:broken is not served", Assert.Single(_findings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_with_a_line_feed_is_good_enough()
    {
        PlantImage();
        PlantLink(_paths.TagCurrent(App, Latest), Samples.Digest(Image).Value + "\n");
        Assert.Single(_reader.Read(App).Tags);
    }

    [Fact]
    public void Folders_that_are_no_tags_or_digests_are_overlooked()
    {
        PlantImage();
        Directory.CreateDirectory(Path.Combine(_paths.Tags(App), ".hidden", "current"));
        Directory.CreateDirectory(Path.Combine(_paths.Tags(App), "deleted"));
        FolderContent.Write("sha256:x", _paths.Layers(App), "sha256", "x", "link");
        FolderContent.Write("md5:x", _paths.Layers(App), "md5", "x", "link");
        FolderContent.Write("a file", _paths.Layers(App), "sha256", "file");
        var found = _reader.Read(App);
        Assert.Equal(2, found.Layers.Count);
        Assert.Single(found.Tags);
        Assert.Contains(".hidden: not a tag", Assert.Single(_findings), StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private IEnumerable<string> Names() => _reader.Repositories().Select(name => name.Value).Order(StringComparer.Ordinal);

    private void PlantImage()
    {
        foreach (var content in new[] { "config", "layer" })
        {
            FolderContent.Write(content, _paths.BlobData(Samples.Digest(content)));
            PlantLink(_paths.Layer(App, Samples.Digest(content)), Samples.Digest(content).Value);
        }

        var digest = PlantManifest(App, Image);
        PlantLink(_paths.TagCurrent(App, Latest), digest.Value);
        PlantLink(_paths.TagIndex(App, Latest, digest), digest.Value);
    }

    private Digest PlantManifest(RepositoryName repository, byte[] content)
    {
        var digest = Samples.Digest(content);
        FolderContent.Write(content, _paths.BlobData(digest));
        PlantLink(_paths.Revision(repository, digest), digest.Value);
        return digest;
    }

    private static void PlantLink(string directory, string content) => FolderContent.Write(content, directory, "link");
}
