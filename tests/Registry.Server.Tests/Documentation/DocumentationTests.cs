using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Registry.Core.Access;
using Registry.Core.Errors;
using Registry.Server.Configuration;
using Registry.Server.Endpoints;
using Registry.Server.Endpoints.Probes;
using Registry.Server.Endpoints.Tokens;
using Registry.Server.Requests;
using Registry.Server.Tests.Web;

namespace Registry.Server.Tests.Documentation;

/// <summary>The documents say what the code says: settings, errors and routes are compared in both directions.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Every_setting_has_its_row()
    {
        var configuration = Document.Read("docs/configuration.md");

        Assert.Equal(Sorted(VariableNames.All), Sorted(Settings(configuration).Select(row => row[0])));
    }

    [Fact]
    public void The_defaults_of_the_settings_are_those_of_the_code()
    {
        var defaults = Settings(Document.Read("docs/configuration.md")).ToDictionary(row => row[0], row => row[3] == "-" ? string.Empty : row[3]);

        var loaded = OptionsReader.Read(defaults);

        Assert.Empty(loaded.Faults);
        Assert.Equal(new RegistryOptions(), loaded.Options);
    }

    [Fact]
    public async Task The_last_schema_that_is_described_is_the_one_that_is_written()
    {
        using var folder = new TemporaryFolder();
        await (await TestRegistry.StartAsync(storagePath: folder.Path)).DisposeAsync();
        var header = await File.ReadAllBytesAsync(System.IO.Path.Combine(folder.Path, "registry.db"));

        // The user version, https://sqlite.org/fileformat2.html#user_version_number.
        var written = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(60));

        Assert.Equal(written.ToString(CultureInfo.InvariantCulture), Document.Read("docs/storage.md").Rows("The database").Last()[0]);
    }

    [Fact]
    public void Variables_in_the_guides_are_settings()
    {
        var known = VariableNames.All.ToHashSet();
        var unknown = new[] { "README.md", "docs/getting-started.md", "docs/user-guide.md", "docs/api.md", "docs/install.md" }.Select(Document.Read)
            .SelectMany(document => Variable().Matches(document.Text).Select(match => $"{document.Name}: {match.Value}"))
            .Where(found => !known.Contains(found.Split(": ")[1]));

        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_error_has_its_row()
    {
        var rows = Document.Read("docs/api.md").Rows("Errors").Skip(1).ToList();

        Assert.Equal(
            Sorted(RegistryErrorCode.All.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Status} {row.Code} {row.Message}"))),
            Sorted(rows.Select(row => $"{row[0]} {row[1]} {row[2]}")));
        Assert.All(rows, row => Assert.NotEmpty(row[3]));
        Assert.Equal(
            Sorted(RegistryErrorCode.All.Where(row => row.IsTransient).Select(row => row.Message)),
            Sorted(rows.Where(row => row[0] == "503" || row[3].Contains("Retry-After: 5", StringComparison.Ordinal)).Select(row => row[2])));
    }

    [Fact]
    public void Every_row_of_the_error_codes_is_listed_in_All()
    {
        var declared = typeof(RegistryErrorCode).GetFields().Where(field => field.FieldType == typeof(RegistryErrorCode))
            .Select(field => (RegistryErrorCode)field.GetValue(null)!);

        Assert.Equivalent(declared, RegistryErrorCode.All, strict: true);
    }

    [Fact]
    public void Every_route_has_its_row()
    {
        // Only the methods of the endpoints are named by the table; none of them is called.
        var routes = RouteTable.Create(
            Never<BlobEndpoints>(), Never<UploadEndpoints>(), Never<ManifestEndpoints>(), Never<ListEndpoints>(), Never<ReferrerEndpoints>(), Never<TagEndpoints>(), Never<TrashEndpoints>(), Never<RepositoryEndpoints>(), Never<SpaceEndpoints>(), Never<InventoryEndpoints>(), Never<ActivityEndpoints>(), Never<ChangeEndpoints>(), Never<MaintenanceEndpoints>(), Never<PolicyEndpoints>(), Never<MirrorEndpoints>(), Never<EventEndpoints>(), Never<HealthEndpoints>(),
            Never<TokenEndpoint>());

        Assert.Equal(
            Sorted(routes.Select(route => $"{route.Method} {route.Template}")),
            Sorted(Document.Read("docs/api.md").Rows("Endpoints").Skip(1).Select(row => $"{row[0]} {row[1]}")));
    }

    [Fact]
    public void Every_page_has_its_row()
    {
        var routes = PageRoutes.Create();

        Assert.Equal(
            Sorted(routes.Select(route => $"{route.Method} {route.Template} {PermissionOf(route)}")),
            Sorted(Document.Read("docs/web.md").Rows("Addresses").Skip(1).Select(row => $"{row[0]} {row[1]} {row[2]}")));

        static string PermissionOf(Route route) => route.Permission is Permission.Public or Permission.Enter ? "none" : route.Permission.ToString().ToLowerInvariant();
    }

    [Fact]
    public void Links_between_documents_lead_somewhere()
    {
        Assert.Empty(Document.All().SelectMany(document => document.Links
            .Where(link => !link.Contains("://", StringComparison.Ordinal) && !Resolves(document, link))
            .Select(link => $"{document.Name}: {link}")));
    }

    [Fact]
    public void Commands_refer_to_projects_that_exist()
    {
        var projects = Document.All().SelectMany(document => document.Commands.Concat(Fragments(document))
            .SelectMany(command => Project().Matches(command))
            .Select(match => (document.Name, Project: match.Groups["path"].Value)))
            .ToList();

        Assert.Contains(projects, found => found is { Name: "README.md", Project: "src/Registry.Server" });
        Assert.All(projects, found => Assert.True(
            IsProject(found.Project), $"{found.Name}: {found.Project} is neither a project nor a folder with one"));
    }

    [Fact]
    public void Paths_of_the_source_tree_exist()
    {
        Assert.Empty(Document.All().SelectMany(document => SourcePath().Matches(document.Text)
            .Select(match => match.Groups["path"].Value.TrimEnd('/', '.'))
            .Where(path => !Path.Exists(SourceTree.Locate(path)))
            .Select(path => $"{document.Name}: {path}")));
    }

    [Fact]
    public void Reports_of_load_tests_are_text_that_a_diff_can_show() => Assert.All(
        Directory.EnumerateFiles(SourceTree.Locate("perf-results"), "*", SearchOption.AllDirectories),
        file => Assert.Contains(Path.GetExtension(file), new[] { ".md", ".csv", ".json", ".svg" }));

    // Commands are written in the text, too.
    private static IEnumerable<string> Fragments(Document document) => Inline().Matches(document.Text).Select(match => match.Groups["code"].Value);

    private static IEnumerable<string[]> Settings(Document configuration) => configuration.Rows("Settings").Skip(1);

    private static bool Resolves(Document document, string link)
    {
        var hash = link.IndexOf('#', StringComparison.Ordinal);
        var (path, anchor) = hash < 0 ? (link, null) : (link[..hash], link[(hash + 1)..]);
        var target = path.Length == 0 ? document.Path : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(document.Path)!, path));
        return Path.Exists(target)
            && (anchor is null || Document.Read(Path.GetRelativePath(SourceTree.Root, target)).Anchors.Contains(anchor));
    }

    private static bool IsProject(string path)
    {
        var full = SourceTree.Locate(path);
        return (File.Exists(full) && full.EndsWith(".csproj", StringComparison.Ordinal))
            || (Directory.Exists(full) && Directory.EnumerateFiles(full, "*.csproj").Any());
    }

    private static IEnumerable<string> Sorted(IEnumerable<string> lines) => lines.Order(StringComparer.Ordinal);

    private static T Never<T>()
        where T : class => (T)RuntimeHelpers.GetUninitializedObject(typeof(T));

    [GeneratedRegex("REGISTRY_[A-Z0-9_]*[A-Z0-9]")]
    private static partial Regex Variable();

    [GeneratedRegex(@"dotnet (?:run|watch|test)\b[^\n]*?--project (?<path>[\w./]+)|dotnet (?:publish|build) (?<path>[\w./]+)")]
    private static partial Regex Project();

    [GeneratedRegex("`(?<code>[^`\n]+)`")]
    private static partial Regex Inline();

    [GeneratedRegex(@"(?<=[\s`(])(?<path>(?:src|tests)/[\w./]+)")]
    private static partial Regex SourcePath();
}
