using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Registry.Core.Tests.Architecture;

/// <summary>Checks the dependencies that docs/architecture.md allows between the folders of the core.</summary>
public partial class DependencyTests
{
    private const string Core = "src/Registry.Core";

    // Values and errors know each other and nothing else, fairness knows nothing; everything above may use what is below it.
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Oci"] = ["Errors"],
        ["Errors"] = ["Oci"],
        ["Fairness"] = [],
        ["Storage"] = ["Errors", "Fairness"],
        ["Policies"] = ["Oci", "Errors"],
        ["Metadata"] = ["Oci", "Errors", "Storage", "Policies", "Changes"],
        ["Changes"] = ["Oci", "Storage"],
        ["Indexing"] = ["Oci", "Errors", "Storage", "Changes", "Metadata"],
        ["Blobs"] = ["Oci", "Errors", "Storage", "Changes", "Metadata"],
        ["SmallContent"] = ["Oci", "Storage", "Metadata", "Blobs"],
        ["Uploads"] = ["Oci", "Errors", "Fairness", "Storage", "Changes", "Metadata", "Blobs", "SmallContent"],
        ["Manifests"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Blobs", "SmallContent"],
        ["Listings"] = ["Oci", "Errors", "Metadata"],
        ["Collection.Records"] = ["Oci", "Storage"],
        ["Collection"] = ["Oci", "Errors", "Storage", "Changes", "Blobs", "Collection.Records"],
        ["Verification"] = ["Oci", "Errors", "Storage", "Blobs", "SmallContent"],
        ["Caching"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Indexing", "Blobs", "Collection", "Collection.Records", "Verification"],
        [""] = ["Errors", "Storage", "Changes", "Metadata", "Indexing", "Blobs", "SmallContent", "Uploads", "Manifests", "Listings", "Collection", "Verification"],
        ["Access.Rules"] = ["Oci", "Errors"],
        ["Access.Identities"] = ["Fairness", "Access.Rules"],
        ["Access.Passwords"] = ["Errors", "Fairness", "Access.Rules", "Access.Identities"],
        ["Access.Tokens"] = ["Oci", "Errors", "Access.Rules", "Access.Identities", "Access.Passwords"],
        ["Access"] = ["Oci", "Errors", "Access.Rules", "Access.Identities"],
    };

    // The compiler holds these arrows: a project sees what it refers to, and nobody above the engine of SQLite sees SQLite.
    private static readonly Dictionary<string, string[]> References = new()
    {
        ["Registry.Core"] = [],
        ["Registry.Files"] = [],
        ["Registry.Storage.Files"] = ["Registry.Core", "Registry.Files"],
        ["Registry.Storage.Sqlite"] = ["Registry.Core"],
        ["Registry.Storage"] = ["Registry.Core", "Registry.Files", "Registry.Storage.Files", "Registry.Storage.Sqlite"],
        ["Registry.Images"] = ["Registry.Core", "Registry.Files", "Registry.Storage", "Registry.Storage.Files", "Registry.Storage.Sqlite"],
        ["Registry.Server"] = ["Registry.Core", "Registry.Files", "Registry.Images", "Registry.Storage", "Registry.Storage.Files"],
    };

    private static readonly string[] AllowedPackages =
    [
        "BCrypt.Net-Next", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.IdentityModel.JsonWebTokens",
    ];

    [Fact]
    public void Every_folder_of_the_core_is_in_the_picture() =>
        Assert.Empty(SourceTree.Files(Core).Select(FolderOf).Distinct().Except(MayUse.Keys));

    [Fact]
    public void Dependencies_between_folders_run_one_way()
    {
        var violations = new List<string>();
        foreach (var file in SourceTree.Files(Core))
        {
            var own = FolderOf(file);
            if (!MayUse.TryGetValue(own, out var allowed))
            {
                continue;
            }

            var local = Path.GetRelativePath(Core, file).Replace('\\', '/');
            violations.AddRange(Uses(file).Except(allowed.Append(own)).Select(used => $"{local} uses {used}"));
        }

        Assert.Empty(violations);
    }

    [Fact]
    public void The_product_is_in_namespaces_that_are_its_folders() => Assert.DoesNotContain(SourceTree.Files("src"), file =>
    {
        var expected = Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.');
        var declared = SourceTree.Lines(file).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
        return declared is not null && declared != $"namespace {expected};";
    });

    [Fact]
    public void The_core_knows_no_web_server_and_no_console() => Assert.DoesNotContain(
        typeof(Core.Oci.Digest).Assembly.GetReferencedAssemblies(),
        reference => reference.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
            || reference.Name is "System.Console" or "Microsoft.Extensions.Hosting" or "Microsoft.Extensions.DependencyInjection");

    [Fact]
    public void The_core_references_only_the_packages_it_is_allowed()
    {
        var project = XDocument.Load(Path.Combine(SourceTree.Root, Core, "Registry.Core.csproj"));
        var packages = project.Descendants("PackageReference").Select(reference => reference.Attribute("Include")!.Value).ToList();
        Assert.Empty(packages.Except(AllowedPackages));
        Assert.Empty(project.Descendants("ProjectReference"));
        Assert.Empty(project.Descendants("FrameworkReference"));
    }

    [Fact]
    public void Projects_refer_to_what_is_below_them()
    {
        var projects = Directory.EnumerateDirectories(Path.Combine(SourceTree.Root, "src")).Select(folder => Path.GetFileName(folder)!);
        Assert.Equal(References.Keys.Order(StringComparer.Ordinal), projects.Order(StringComparer.Ordinal));
        Assert.All(References, project => Assert.Equal(
            project.Value,
            XDocument.Load(Path.Combine(SourceTree.Root, "src", project.Key, $"{project.Key}.csproj")).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).Order(StringComparer.Ordinal)));
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(Path.GetRelativePath(Core, file))!.Replace('\\', '/').Replace('/', '.');

    private static IEnumerable<string> Code(string file) =>
        SourceTree.Lines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal));

    // Names that are written out count like usings.
    private static HashSet<string> Uses(string file) =>
        [.. Code(file).SelectMany(line => FolderName().Matches(line)).Select(match => match.Groups["folder"].Value)
            .Select(name => MayUse.Keys.Where(folder => name == folder || name.StartsWith($"{folder}.", StringComparison.Ordinal)).MaxBy(folder => folder.Length))
            .OfType<string>()];

    [GeneratedRegex(@"(?<![\w.])(?:Registry\.)?Core\.(?<folder>(?:Oci|Errors|Fairness|Access|Storage|Metadata|Policies|Changes|Indexing|Blobs|SmallContent|Uploads|Manifests|Listings|Collection|Verification|Caching)(?:\.[A-Z]\w*)*)(?=[;.])")]
    private static partial Regex FolderName();
}
