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
        ["Storage"] = ["Errors"],
        ["Metadata"] = ["Oci", "Errors", "Storage"],
        ["Changes"] = ["Oci"],
        ["Indexing"] = ["Oci", "Errors", "Storage", "Metadata"],
        ["Blobs"] = ["Oci", "Errors", "Storage", "Metadata"],
        ["SmallContent"] = ["Oci", "Storage", "Metadata", "Blobs"],
        ["Uploads"] = ["Oci", "Errors", "Fairness", "Storage", "Metadata", "Blobs"],
        ["Manifests"] = ["Oci", "Errors", "Storage", "Metadata", "Blobs", "SmallContent"],
        ["Listings"] = ["Oci", "Errors", "Metadata"],
        ["Collection.Records"] = ["Oci", "Storage"],
        ["Collection"] = ["Oci", "Errors", "Storage", "Blobs", "Collection.Records"],
        ["Verification"] = ["Oci", "Errors", "Storage", "Blobs", "SmallContent"],
        ["Caching"] = ["Oci", "Errors", "Storage", "Metadata", "Indexing", "Blobs", "Collection", "Collection.Records", "Verification"],
        [""] = ["Storage", "Metadata", "Indexing", "Blobs", "SmallContent", "Uploads", "Manifests", "Listings", "Collection", "Verification"],
        ["Access.Rules"] = ["Oci", "Errors"],
        ["Access.Identities"] = ["Fairness", "Access.Rules"],
        ["Access.Passwords"] = ["Errors", "Fairness", "Access.Rules", "Access.Identities", "Storage.FileSystem"],
        ["Access.Tokens"] = ["Oci", "Errors", "Access.Rules", "Access.Identities", "Access.Passwords", "Storage.FileSystem"],
        ["Access"] = ["Oci", "Errors", "Access.Rules", "Access.Identities", "Storage.FileSystem"],
        ["Storage.FileSystem"] =
        [
            "Oci", "Errors", "Storage", "Changes", "Blobs", "SmallContent", "Uploads", "Verification", "Storage.FileSystem.Blobs", "Storage.FileSystem.Uploads",
            "Storage.FileSystem.SmallContent", "Storage.FileSystem.Tree",
        ],
        ["Storage.FileSystem.Blobs"] = ["Oci", "Storage", "Storage.FileSystem", "Blobs", "Verification"],
        ["Storage.FileSystem.Uploads"] = ["Oci", "Errors", "Fairness", "Storage", "Storage.FileSystem", "Storage.FileSystem.Blobs", "SmallContent", "Uploads"],
        ["Storage.FileSystem.SmallContent"] = ["Oci", "Errors", "Storage", "Storage.FileSystem", "Storage.FileSystem.Blobs", "Blobs", "SmallContent", "Verification"],
        ["Storage.FileSystem.Tree"] = ["Oci", "Errors", "Storage", "Storage.FileSystem", "Changes", "Collection", "Indexing"],
        ["Storage.Sqlite"] =
        [
            "Oci", "Errors", "Storage", "Storage.Sqlite.Rows", "Storage.Sqlite.Writer", "Metadata", "Changes", "Indexing", "SmallContent", "Uploads", "Collection",
            "Collection.Records", "Verification",
        ],
        ["Storage.Sqlite.Rows"] = ["Oci", "Errors", "Storage", "Storage.Sqlite", "Metadata", "Changes", "SmallContent", "Collection.Records"],
        ["Storage.Sqlite.Writer"] = ["Oci", "Errors", "Storage", "Storage.Sqlite"],
        ["Backup"] = ["Oci", "Errors", "Storage", "Storage.FileSystem", "Storage.FileSystem.Blobs", "Storage.Sqlite"],
        ["Layouts"] = ["Oci", "Errors", "Storage", "Storage.FileSystem", "Metadata", "Blobs", "Uploads", "Manifests"],
    };

    // Where the engines are chosen: to use a data folder, and to read one beside its user.
    private static readonly Dictionary<string, string[]> Exceptions = new()
    {
        ["Storage/RegistryStorage.cs"] =
        [
            "Metadata", "Indexing", "Blobs", "SmallContent", "Uploads", "Collection", "Verification", "Caching", "Storage.FileSystem", "Storage.FileSystem.Blobs",
            "Storage.FileSystem.SmallContent", "Storage.FileSystem.Tree", "Storage.Sqlite",
        ],
        ["Storage/StorageReader.cs"] = ["Metadata", "Blobs", "Storage.FileSystem", "Storage.Sqlite"],
    };

    private static readonly string[] AllowedPackages =
    [
        "BCrypt.Net-Next", "Microsoft.Data.Sqlite", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.IdentityModel.JsonWebTokens",
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
            var all = allowed.Append(own).Concat(Exceptions.GetValueOrDefault(local, []));
            violations.AddRange(Uses(file).Except(all).Select(used => $"{local} uses {used}"));
        }

        Assert.Empty(violations);
    }

    [Fact]
    public void The_exceptions_are_still_needed() => Assert.All(
        Exceptions, exception => Assert.Subset(Uses($"{Core}/{exception.Key}"), exception.Value.ToHashSet()));

    [Fact]
    public void The_core_is_in_namespaces_that_are_its_folders() => Assert.DoesNotContain(SourceTree.Files("src"), file =>
    {
        var expected = Path.GetDirectoryName(file)!.Replace('\\', '/')["src/".Length..].Replace('/', '.');
        var declared = SourceTree.Lines(file).FirstOrDefault(line => line.StartsWith("namespace ", StringComparison.Ordinal));
        return declared is not null && declared != $"namespace {expected};";
    });

    [Fact]
    public void The_core_knows_no_web_server_no_console_and_no_environment_variables()
    {
        Assert.DoesNotContain(
            typeof(Core.Oci.Digest).Assembly.GetReferencedAssemblies(),
            reference => reference.Name!.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal)
                || reference.Name is "System.Console" or "Microsoft.Extensions.Hosting" or "Microsoft.Extensions.DependencyInjection");
        Assert.DoesNotContain(SourceTree.Files(Core), file => Code(file).Any(line =>
            line.Contains("Console.", StringComparison.Ordinal) || line.Contains("GetEnvironmentVariable", StringComparison.Ordinal)));
    }

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
    public void The_server_leaves_the_engines_to_the_core() => Assert.DoesNotContain(
        SourceTree.Files("src/Registry.Server"),
        file => Code(file).Any(line => line.Contains("Storage.Sqlite", StringComparison.Ordinal)));

    // Failures of fsync are hidden by the BCL of .NET 10.
    [Fact]
    public void Nothing_is_synced_by_the_library()
    {
        Assert.DoesNotContain(SourceTree.Files("src"), file => Code(file).Any(line => line.Contains("Flush(true)", StringComparison.Ordinal)));
        Assert.Equal(
            [$"{Core}/Storage/FileSystem/DurableFile.cs"],
            SourceTree.Files("src").Where(file => Code(file).Any(line => line.Contains("FlushToDisk", StringComparison.Ordinal))));
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(Path.GetRelativePath(Core, file))!.Replace('\\', '/').Replace('/', '.');

    private static IEnumerable<string> Code(string file) =>
        SourceTree.Lines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal));

    // Names that are written out count like usings.
    private static HashSet<string> Uses(string file) =>
        [.. Code(file).SelectMany(line => FolderName().Matches(line)).Select(match => match.Groups["folder"].Value)
            .Select(name => MayUse.Keys.Where(folder => name == folder || name.StartsWith($"{folder}.", StringComparison.Ordinal)).MaxBy(folder => folder.Length))
            .OfType<string>()];

    [GeneratedRegex(@"(?<![\w.])(?:Registry\.)?Core\.(?<folder>(?:Oci|Errors|Fairness|Access|Storage|Metadata|Changes|Indexing|Blobs|SmallContent|Uploads|Manifests|Listings|Collection|Verification|Caching|Backup|Layouts)(?:\.[A-Z]\w*)*)(?=[;.])")]
    private static partial Regex FolderName();
}
