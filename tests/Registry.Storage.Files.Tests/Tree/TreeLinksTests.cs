using Registry.Core.Oci;
using Registry.Storage.Contracts;
using Registry.Storage.Files.Tree;

namespace Registry.Storage.Files.Tests.Tree;

public sealed class TreeLinksTests : IDisposable
{
    private static readonly Digest[] Wanted =
    [
        .. Enumerable.Range(0, 50).Select(i => Samples.Digest($"wanted {i}")),
        DigestAlgorithm.Sha512.Compute(Samples.Text("wanted")),
    ];

    private readonly TemporaryFolder _folder = new();

    private string Repository => Path.Combine(_folder.Path, "repositories", "team", "app");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Finds_each_digest_wherever_a_link_to_it_is()
    {
        var places = new[] { "_layers", "_manifests/revisions", "_manifests/tags/v1/index", "_manifests/tags/v2/index" };
        var expected = new Dictionary<Digest, string>();
        foreach (var (place, digest) in places.Zip(Wanted[..4]).Append((places[0], Wanted[^1])))
        {
            expected[digest] = Link(place, digest);
        }

        Link("_layers", Samples.Digest("not wanted"));
        Assert.Equal(expected.OrderBy(link => link.Key), Find().OrderBy(link => link.Key));
    }

    [Fact]
    public void A_folder_without_a_link_is_none() => Assert.Empty(FindAfter(() =>
        Directory.CreateDirectory(Path.Combine(Repository, "_layers", "sha256", Wanted[0].Hex.ToString()))));

    [Theory]
    [InlineData("_layers/sha256", 50)]
    [InlineData("_layers/sha512", 1)]
    [InlineData("_manifests/revisions/sha256", 50)]
    [InlineData("_manifests/revisions", 51)]
    [InlineData("_manifests/tags/v1", 51)]
    [InlineData("_manifests/tags", 51)]
    [InlineData("_layers", 51)]
    [InlineData("sub", 51)]
    public void What_cannot_be_looked_into_counts_for_everything_that_may_be_in_it(string place, int found)
    {
        var links = FindAfter(() =>
        {
            var path = Path.Combine(Repository, place);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Directory.CreateSymbolicLink(path, _folder.Path);
        });
        Assert.Equal(found, links.Count);
        Assert.All(links.Values, link => Assert.StartsWith(Path.Combine(Repository, place), link, StringComparison.Ordinal));
    }

    [Fact]
    public void A_link_of_the_file_system_in_the_place_of_one_digest_counts_for_that() => Assert.Equal(
        [Wanted[3]],
        FindAfter(() =>
        {
            Directory.CreateDirectory(Path.Combine(Repository, "_layers", "sha256"));
            Directory.CreateSymbolicLink(Path.Combine(Repository, "_layers", "sha256", Wanted[3].Hex.ToString()), _folder.Path);
        }).Keys);

    private IReadOnlyDictionary<Digest, string> FindAfter(Action plant)
    {
        Directory.CreateDirectory(Repository);
        plant();
        return Find();
    }

    private IReadOnlyDictionary<Digest, string> Find() => new TreeLinks(new DataPaths(_folder.Path)).Find(Wanted, default);

    private string Link(string place, Digest digest)
    {
        var folder = Path.Combine(Repository, place, digest.Algorithm.Name, digest.Hex.ToString());
        Directory.CreateDirectory(folder);
        var link = Path.Combine(folder, "link");
        File.WriteAllText(link, digest.Value);
        return link;
    }
}
