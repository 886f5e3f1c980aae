using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Registry.Core.Tests.Architecture;

/// <summary>Checks the dependencies that docs/architecture.md allows between projects, and between the folders of the core and of the server.</summary>
public partial class DependencyTests
{
    private const string Core = "src/Registry.Core";
    private const string Server = "src/Registry.Server";

    // Errors, fairness and configuration know nothing, values know the errors of their parsing; everything above may use what is below it.
    private static readonly Dictionary<string, string[]> CoreFolders = new()
    {
        ["Oci"] = ["Errors"],
        ["Errors"] = [],
        ["Fairness"] = [],
        ["Storage"] = ["Oci", "Fairness"],
        ["Policies.Rules"] = ["Oci", "Configuration", "Access.Rules"],
        ["Policies"] = ["Oci", "Errors", "Configuration", "Changes", "Policies.Rules"],
        ["Policies.Explanation"] = ["Oci", "Metadata", "Policies", "Policies.Rules", "Signatures"],
        ["Policies.Retention"] = ["Oci", "Errors", "Storage", "Configuration", "Changes", "Metadata", "Promises", "Trash", "Pulls", "Policies", "Policies.Rules"],
        ["Pulls"] = ["Oci"],
        ["Metadata"] = ["Oci", "Errors", "Storage", "Policies", "Changes"],
        ["Changes"] = ["Oci", "Storage"],
        ["Objects"] = ["Storage"],
        ["Indexing"] = ["Oci", "Errors", "Storage", "Changes", "Metadata"],
        ["Mirroring"] = ["Oci", "Errors", "Storage", "Changes", "Pulls"],
        ["Events"] = ["Oci", "Storage", "Changes"],
        ["Promises"] = ["Oci", "Errors", "Storage", "Metadata"],
        ["Blobs"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Promises"],
        ["SmallContent"] = ["Oci", "Storage", "Metadata", "Blobs"],
        ["Uploads.Sessions"] = ["Oci", "Fairness", "Storage", "Metadata"],
        ["Uploads.InProgress"] = ["Oci", "Fairness", "Storage", "Metadata", "Uploads.Sessions"],
        ["Uploads"] = ["Oci", "Errors", "Fairness", "Storage", "Changes", "Metadata", "Blobs", "SmallContent", "Uploads.InProgress", "Uploads.Sessions"],
        ["Manifests"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Promises", "Blobs", "SmallContent"],
        ["Trash"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Promises", "Blobs", "Manifests", "Collection"],
        ["History"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Manifests", "Trash"],
        ["Activity"] = ["Oci", "Storage", "Changes"],
        ["Repositories"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Trash", "History"],
        ["Space"] = ["Oci", "Errors", "Storage", "Metadata", "Activity", "Caching"],
        ["Inventory.Records"] = ["Oci", "Storage", "Collection.Records"],
        ["Inventory"] = ["Oci", "Errors", "Storage", "Metadata", "Blobs", "Caching", "Collection", "Inventory.Records"],
        ["Inventory.Names"] = ["Oci", "Inventory"],
        ["Signatures"] = ["Oci", "Errors", "Metadata", "Manifests", "Caching", "Inventory", "Policies.Rules"],
        ["Listings"] = ["Oci", "Errors", "Metadata"],
        ["Collection.Records"] = ["Oci", "Storage"],
        ["Collection"] = ["Oci", "Storage", "Changes", "Promises", "Blobs", "Collection.Records"],
        ["Verification"] = ["Oci", "Storage", "Blobs", "SmallContent"],
        ["Caching"] = ["Oci", "Errors", "Storage", "Changes", "Metadata", "Indexing", "Blobs", "Collection", "Collection.Records", "Verification", "Trash", "Repositories", "Mirroring", "Policies.Retention", "Pulls"],
        [""] = ["Errors", "Storage", "Changes", "Metadata", "Policies", "Policies.Explanation", "Policies.Retention", "Policies.Rules", "Indexing", "Promises", "Blobs", "SmallContent", "Uploads", "Manifests", "History", "Activity", "Trash", "Repositories", "Space", "Inventory", "Inventory.Names", "Mirroring", "Events", "Listings", "Collection", "Verification", "Access.Sessions", "Signatures"],
        ["Configuration"] = [],
        ["Access.Rules"] = ["Oci", "Configuration"],
        ["Access.Identities"] = ["Fairness", "Access.Rules"],
        ["Access.Passwords"] = ["Fairness", "Access.Rules", "Access.Identities"],
        ["Access.Sessions"] = ["Access.Passwords"],
        ["Access.Tokens"] = ["Access.Rules", "Access.Identities", "Access.Passwords"],
        ["Access"] = ["Oci", "Changes", "Access.Rules", "Access.Identities"],
    };

    // The groups of commands know only what all share, and how a running registry is asked; the command line lists them.
    private static readonly Dictionary<string, string[]> ServerFolders = new()
    {
        ["Configuration.Values"] = [],
        ["Configuration"] = ["Configuration.Values"],
        ["Telemetry.Logs"] = [],
        ["Transport.Buffers"] = [],
        ["Transport.Output"] = ["Telemetry.Logs", "Transport.Buffers"],
        ["Transport"] = ["Configuration", "Telemetry.Logs", "Transport.Buffers", "Transport.Output"],
        ["Memory"] = ["Telemetry.Logs", "Transport", "Transport.Buffers"],
        ["Requests"] = ["Configuration", "Memory", "Transport", "Transport.Buffers", "Transport.Output"],
        ["Routing"] = ["Requests"],
        ["Http.Ranges"] = [],
        ["Http"] = ["Configuration"],
        ["Http.Bodies"] = ["Http", "Http.Ranges", "Memory", "Requests", "Transport", "Transport.Output"],
        ["Tls"] = ["Configuration", "Http.Bodies", "Transport.Buffers", "Transport.Output"],
        ["Telemetry.Metrics"] = ["Memory", "Requests", "Transport", "Transport.Buffers"],
        ["Telemetry"] = ["Configuration", "Http", "Requests", "Telemetry.Logs", "Telemetry.Metrics"],
        ["Pipeline"] = ["Configuration.Values", "Http", "Http.Bodies", "Memory", "Requests", "Routing", "Telemetry", "Telemetry.Logs"],
        ["Health"] = ["Pipeline", "Tls"],
        ["Api"] = [],
        ["Api.Activity"] = ["Api", "Http"],
        ["Api.Events"] = ["Api", "Http"],
        ["Api.History"] = ["Api", "Http"],
        ["Api.Inventory"] = ["Http"],
        ["Api.Maintenance"] = ["Api"],
        ["Api.Mirroring"] = ["Api", "Http"],
        ["Api.Policies"] = [],
        ["Api.Repositories"] = ["Api"],
        ["Api.Space"] = [],
        ["Api.Trash"] = ["Api", "Http"],
        ["Maintenance"] = ["Api.Maintenance"],
        ["Endpoints.Probes"] = ["Health", "Http.Bodies", "Requests"],
        ["Endpoints.Tokens"] = ["Http", "Http.Bodies", "Memory", "Pipeline", "Requests", "Telemetry.Logs"],
        ["Endpoints"] = ["Api.Activity", "Api.Events", "Api.History", "Api.Inventory", "Api.Maintenance", "Api.Mirroring", "Api.Policies", "Api.Repositories", "Api.Space", "Api.Trash", "Configuration", "Endpoints.Probes", "Endpoints.Tokens", "Http", "Http.Bodies", "Maintenance", "Memory", "Pipeline", "Requests"],
        ["Web.Charts"] = [],
        ["Web.Html"] = [],
        ["Web.Images"] = [],
        ["Web.Assets"] = ["Http.Bodies", "Requests"],
        ["Web.Sessions"] = ["Configuration", "Http", "Http.Bodies", "Memory", "Pipeline", "Requests"],
        ["Web.Parts"] = ["Http", "Http.Bodies", "Requests", "Web.Assets", "Web.Html", "Web.Sessions"],
        ["Web.Pages.Lists"] = ["Http", "Requests", "Web.Html", "Web.Parts"],
        ["Web.Pages"] = ["Api.Inventory", "Endpoints", "Http", "Http.Bodies", "Memory", "Pipeline", "Requests", "Telemetry.Logs", "Web.Charts", "Web.Html", "Web.Pages.Lists", "Web.Parts", "Web.Sessions"],
        ["Web.Pages.Images"] = ["Endpoints", "Http", "Memory", "Requests", "Web.Html", "Web.Images", "Web.Pages.Lists", "Web.Parts"],
        ["Web.Pages.Administration"] = ["Api.Policies", "Configuration", "Endpoints", "Endpoints.Probes", "Health", "Http", "Pipeline", "Requests", "Web.Html", "Web.Parts", "Web.Sessions"],
        ["Web.Pages.Administration.Maintenance"] = ["Api.Maintenance", "Endpoints", "Maintenance", "Pipeline", "Requests", "Web.Html", "Web.Pages.Administration", "Web.Parts", "Web.Sessions"],
        ["Web.Pages.Administration.Events"] = ["Api.Events", "Endpoints", "Http", "Pipeline", "Requests", "Web.Html", "Web.Pages.Administration", "Web.Parts", "Web.Sessions"],
        ["Web"] = ["Configuration", "Health", "Maintenance", "Memory", "Pipeline", "Requests", "Routing", "Telemetry.Logs", "Web.Assets", "Web.Pages", "Web.Pages.Administration", "Web.Pages.Administration.Events", "Web.Pages.Administration.Maintenance", "Web.Pages.Images", "Web.Parts", "Web.Sessions"],
        ["Hosting.Kestrel"] =
            ["Configuration", "Configuration.Values", "Http", "Memory", "Requests", "Telemetry", "Telemetry.Metrics", "Tls", "Transport", "Transport.Buffers", "Transport.Output"],
        ["Hosting"] =
        [
            "Configuration", "Endpoints", "Endpoints.Probes", "Endpoints.Tokens", "Health", "Hosting.Kestrel", "Http", "Http.Bodies", "Maintenance", "Memory", "Pipeline", "Requests", "Routing", "Telemetry",
            "Telemetry.Logs", "Telemetry.Metrics", "Tls", "Transport", "Transport.Buffers", "Transport.Output", "Web",
        ],
        ["Hosting.Lifetime"] = ["Configuration", "Configuration.Values", "Hosting", "Telemetry.Logs"],
        ["Commands.Access"] = ["Commands"],
        ["Commands.Activity"] = ["Api.Activity", "Commands", "Commands.Remote"],
        ["Commands.Events"] = ["Api", "Api.Events", "Commands", "Commands.Maintain", "Commands.Remote", "Http"],
        ["Commands.Mirroring"] = ["Api", "Api.Mirroring", "Commands", "Commands.Maintain", "Commands.Remote", "Maintenance"],
        ["Commands.Policies"] = ["Api.Policies", "Commands", "Commands.Maintain", "Commands.Remote", "Configuration", "Maintenance"],
        ["Commands.Progress"] = ["Maintenance"],
        ["Commands.Backup"] = ["Commands", "Configuration", "Maintenance"],
        ["Commands.Inspect"] = ["Commands", "Commands.Access", "Configuration"],
        ["Commands.Inventory"] = ["Api.Inventory", "Commands", "Commands.Remote"],
        ["Commands.Maintain"] = ["Api", "Api.Maintenance", "Commands", "Commands.Remote", "Configuration", "Maintenance"],
        ["Commands.Migrate"] = ["Commands", "Configuration", "Maintenance"],
        ["Commands.Remote"] = ["Api", "Commands", "Configuration"],
        ["Commands.Removal"] = ["Api.Inventory", "Api.Repositories", "Commands", "Commands.Remote"],
        ["Commands.Repositories"] = ["Api", "Api.Repositories", "Commands", "Commands.Remote", "Maintenance"],
        ["Commands.Serve"] = ["Commands", "Configuration", "Hosting", "Hosting.Lifetime", "Memory"],
        ["Commands.Space"] = ["Api.Space", "Commands", "Commands.Remote"],
        ["Commands.Tags"] = ["Api.History", "Commands", "Commands.Remote", "Http"],
        ["Commands.Transfer"] = ["Api.Maintenance", "Commands", "Commands.Maintain", "Commands.Remote", "Configuration", "Maintenance"],
        ["Commands.Trash"] = ["Api", "Api.Trash", "Commands", "Commands.Remote"],
        ["Commands"] =
        [
            "Api.Activity", "Api.Events", "Api.History", "Api.Inventory", "Api.Maintenance", "Api.Mirroring", "Api.Policies", "Api.Repositories", "Api.Space", "Api.Trash", "Commands.Access", "Commands.Activity", "Commands.Backup", "Commands.Events", "Commands.Inspect", "Commands.Inventory", "Commands.Maintain", "Commands.Migrate", "Commands.Mirroring", "Commands.Policies", "Commands.Progress", "Commands.Removal", "Commands.Repositories", "Commands.Serve", "Commands.Space",
            "Commands.Tags", "Commands.Transfer", "Commands.Trash", "Configuration", "Configuration.Values", "Maintenance", "Telemetry.Logs",
        ],
        [""] = ["Commands", "Configuration", "Configuration.Values", "Hosting", "Hosting.Lifetime", "Memory", "Telemetry", "Telemetry.Logs"],
    };

    // The compiler holds these arrows: a project sees what it refers to, and nobody above the engine of SQLite sees SQLite.
    private static readonly Dictionary<string, string[]> References = new()
    {
        ["Registry.Core"] = [],
        ["Registry.Files"] = [],
        ["Registry.Events"] = ["Registry.Core", "Registry.Files", "Registry.Outgoing"],
        ["Registry.Outgoing"] = ["Registry.Core", "Registry.Files"],
        ["Registry.Mirror"] = ["Registry.Core", "Registry.Files", "Registry.Outgoing"],
        ["Registry.Storage.Files"] = ["Registry.Core", "Registry.Files"],
        ["Registry.Storage.Postgres"] = ["Registry.Core"],
        ["Registry.Storage.S3"] = ["Registry.Core"],
        ["Registry.Storage.Sqlite"] = ["Registry.Core"],
        ["Registry.Storage"] = ["Registry.Core", "Registry.Files", "Registry.Storage.Files", "Registry.Storage.Postgres", "Registry.Storage.S3", "Registry.Storage.Sqlite"],
        ["Registry.Images"] = ["Registry.Core", "Registry.Files", "Registry.Storage", "Registry.Storage.Files"],
        ["Registry.Server"] = ["Registry.Core", "Registry.Events", "Registry.Files", "Registry.Images", "Registry.Mirror", "Registry.Storage", "Registry.Storage.Files", "Registry.Storage.Postgres", "Registry.Storage.S3"],
    };

    private static readonly string[] AllowedPackages =
    [
        "BCrypt.Net-Next", "Microsoft.Extensions.Logging.Abstractions", "Microsoft.IdentityModel.JsonWebTokens",
    ];

    public static TheoryData<string> Projects => new(Core, Server);

    [Theory]
    [MemberData(nameof(Projects))]
    public void Every_folder_is_in_the_picture(string project) => Assert.Equal(
        FoldersOf(project).Keys.Order(StringComparer.Ordinal),
        SourceTree.Files(project).Select(file => FolderOf(project, file)).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Dependencies_between_folders_run_one_way(string project)
    {
        var folders = FoldersOf(project);
        var violations = new List<string>();
        foreach (var file in SourceTree.Files(project))
        {
            var own = FolderOf(project, file);
            violations.AddRange(Uses(project, file).Except(folders[own].Append(own)).Select(used => $"{file} uses {used}"));
        }

        Assert.Empty(violations);
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void Every_arrow_between_folders_is_used(string project)
    {
        var used = SourceTree.Files(project).SelectMany(file => Uses(project, file).Select(folder => (From: FolderOf(project, file), To: folder))).ToHashSet();
        Assert.DoesNotContain(FoldersOf(project).SelectMany(from => from.Value.Select(to => (from.Key, to))), arrow => !used.Contains(arrow));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_arrows_form_a_cycle(string project)
    {
        var folders = FoldersOf(project);

        // The command line lists the commands, which use what they share.
        var known = folders.Keys.Where(folder => folder.StartsWith("Commands", StringComparison.Ordinal));
        Assert.Empty(folders.Keys.Where(folder => Reached(folders, folder).Contains(folder)).Except(known));
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

    private static Dictionary<string, string[]> FoldersOf(string project) => project == Core ? CoreFolders : ServerFolders;

    private static string FolderOf(string project, string file) => Path.GetDirectoryName(Path.GetRelativePath(project, file))!.Replace('\\', '/').Replace('/', '.');

    private static HashSet<string> Reached(Dictionary<string, string[]> folders, string from)
    {
        var reached = new HashSet<string>();
        var next = new Queue<string>(folders[from]);
        while (next.TryDequeue(out var folder))
        {
            if (reached.Add(folder))
            {
                Array.ForEach(folders[folder], next.Enqueue);
            }
        }

        return reached;
    }

    private static IEnumerable<string> Code(string file) =>
        SourceTree.Lines(file).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal));

    // Names that are written out count like usings. The types of the folder above need neither.
    private static HashSet<string> Uses(string project, string file)
    {
        var folders = FoldersOf(project).Keys;
        var name = project["src/Registry.".Length..];
        var code = string.Join('\n', Code(file));
        var own = FolderOf(project, file);
        var above = own.Contains('.', StringComparison.Ordinal) ? own[..own.LastIndexOf('.')] : null;
        var words = Word().Matches(code).Select(match => match.Value).ToHashSet();
        return
        [
            .. FolderName().Matches(code).Where(match => match.Groups["project"].Value == name).Select(match => match.Groups["folder"].Value)
                .Select(used => folders.Where(folder => used == folder || used.StartsWith($"{folder}.", StringComparison.Ordinal)).MaxBy(folder => folder.Length))
                .OfType<string>(),
            .. folders.Where(folder => folder == above && SourceTree.Files($"{project}/{folder.Replace('.', '/')}")
                .Any(other => FolderOf(project, other) == folder && words.Contains(Path.GetFileNameWithoutExtension(other)))),
        ];
    }

    [GeneratedRegex(@"(?<![\w.])(?:Registry\.)?(?<project>Core|Server)\.(?<folder>[A-Z]\w*(?:\.[A-Z]\w*)*)")]
    private static partial Regex FolderName();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex Word();
}
