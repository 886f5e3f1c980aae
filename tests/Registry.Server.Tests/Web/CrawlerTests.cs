using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Web;

/// <summary>
/// A crawler follows every link of the pages, as each kind of visitor. Nothing of a repository that the rules hide is on a page that it reaches, nor on one that an admin reaches
/// and it opens by its address.
/// </summary>
public sealed partial class CrawlerTests : IAsyncLifetime
{
    // A crawl that reaches more has found a circle of addresses.
    private const int MostPages = 2000;

    private const string Rules = """
        {
          "defaultPolicy": "deny",
          "adminUsers": ["admin"],
          "rules": [
            { "repository": "public/**", "users": ["$anonymous", "*"], "permissions": ["pull"] },
            { "repository": "team/**", "users": ["alice"], "permissions": ["pull", "push", "delete"] },
            { "repository": "push/**", "users": ["alice", "bob"], "permissions": ["push", "delete"] }
          ]
        }
        """;

    private static readonly string[] Areas = ["public", "team", "push", "secret"];
    private static readonly string[] Everybody = ["", "alice", "bob", "admin"];

    private static readonly string[] Lists =
    [
        "/api/v1/repositories", "/api/v1/repositories?sort=pushed", "/api/v1/repositories?sort=size", "/api/v1/repositories?q=app", "/api/v1/activity/all", "/api/v1/trash/all", "/api/v1/space",
        "/v2/_catalog", "/?q=app", "/?q=:of", "/?q=app:of", "/activity?user=admin",
    ];

    private readonly AccessFolder _folder = new(Rules);
    private readonly Dictionary<string, List<string>> _marks = [];

    // Manifests that are gone, to which the activity and the history still lead.
    private readonly List<string> _deleted = [];
    private TestRegistry _registry = null!;
    private TestBlob _shared = null!;

    public async ValueTask InitializeAsync()
    {
        _registry = await TestRegistry.StartAsync(options => _folder.Configure(options, AuthenticationKind.Basic) with { SpacePeriod = TimeSpan.FromSeconds(1) });
        using var admin = new HttpClient { BaseAddress = _registry.Client.BaseAddress };
        admin.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        _shared = TestBlob.Random();
        foreach (var area in Areas)
        {
            _marks[area] = await FillAsync(admin, area);
        }

        await _registry.AwaitSpaceAsync(headers: AccessFolder.Basic("admin"));
    }

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task What_the_rules_hide_is_on_no_page_that_a_visitor_reaches_or_opens_by_its_address()
    {
        var reached = new Dictionary<string, Dictionary<string, string>>();
        foreach (var user in Everybody)
        {
            reached[user] = await CrawlAsync(user);
            foreach (var area in Areas)
            {
                var shown = _marks[area].Where(mark => reached[user].Values.Any(text => text.Contains(mark, StringComparison.Ordinal))).ToList();
                Assert.Equal(MayPull(user, area) ? _marks[area] : [], shown);
            }
        }

        // Whatever an admin can open: the answers to others have nothing of it but what the address has.
        var addresses = reached["admin"].Keys.ToList();
        Assert.True(addresses.Count > 100, $"{addresses.Count} addresses");
        foreach (var user in Everybody.Where(user => user != "admin"))
        {
            var visitor = await LogInAsync(user);
            foreach (var address in addresses)
            {
                var answer = await OpenAsync(visitor, user, address);
                Assert.True(answer.Status is 200 or 303 or 401 or 403 or 404, $"{address} as '{user}': {answer}");
                var told = Areas.Where(area => !MayPull(user, area)).SelectMany(area => _marks[area])
                    .Where(mark => answer.ToString().Contains(mark, StringComparison.Ordinal) && !Uri.UnescapeDataString(address).Contains(mark, StringComparison.Ordinal));
                Assert.True(!told.Any(), $"{address} tells '{user}' {string.Join(", ", told)}");
            }
        }
    }

    private static bool MayPull(string user, string area) => user == "admin" || area == "public" || (area == "team" && user == "alice");

    // A repository with something for each kind of page. Returns what only it has.
    private async Task<List<string>> FillAsync(HttpClient admin, string area)
    {
        var name = $"{area}/app";
        var config = TestBlob.OfText($$"""{"architecture":"amd64","os":"linux","config":{"Labels":{"note":"label-of-{{area}}"},"Env":["A=env-of-{{area}}"]},"id":"{{Guid.NewGuid()}}"}""");
        var image = TestImage.Of(config, [_shared, TestBlob.Random()], json => json["annotations"] = new JsonObject { ["note"] = $"annotation-of-{area}" });
        var (newer, deleted, sbom) = (TestImage.Create(), TestImage.Create(), TestImage.Artifact($"application/vnd.of-{area}+json", image));
        var index = TestImage.Index([image]);
        await admin.PushAsync(name, image, $"of-{area}");
        await admin.PushAsync(name, newer, $"of-{area}", "newer");
        await admin.PushAsync(name, index, "index");
        await admin.PushAsync(name, sbom);
        await admin.PushAsync(name, deleted, $"old-of-{area}");
        Check.Status(202, await admin.RequestAsync("DELETE", $"/v2/{name}/manifests/{deleted.Digest}"));
        _deleted.Add(deleted.Digest);
        await admin.BeginUploadAsync(name);
        return
        [
            name, $"of-{area}", $"old-of-{area}", $"label-of-{area}", $"env-of-{area}", $"annotation-of-{area}", $"vnd.of-{area}", image.Digest, newer.Digest, index.Digest, sbom.Digest, deleted.Digest,
            image.Blobs[0].Digest, image.Blobs[2].Digest,
        ];
    }

    // The texts of all pages that links lead to, by their addresses.
    private async Task<Dictionary<string, string>> CrawlAsync(string user)
    {
        var visitor = await LogInAsync(user);
        var read = new Dictionary<string, string>();
        var open = new Queue<(string Address, string From)>([("/", ""), ($"/?q={_shared.Digest}", ""), .. Lists.Select(list => (list, ""))]);
        while (open.TryDequeue(out var next))
        {
            var (address, from) = next;
            if (read.ContainsKey(address))
            {
                continue;
            }

            Assert.True(read.Count < MostPages, $"'{user}' has reached {read.Count} addresses, among them {string.Join(", ", read.Keys.TakeLast(5))}");
            var answer = await OpenAsync(visitor, user, address);
            Assert.True(answer.Status is 200 or 303 or 401 || (answer.Status == 404 && _deleted.Any(digest => address.Contains(digest, StringComparison.Ordinal))), $"{address}, linked on {from}, as '{user}': {answer}");
            read[address] = answer.Text;
            foreach (var link in Link().Matches(answer.Text).Select(match => WebUtility.HtmlDecode(match.Groups["path"].Value)))
            {
                // Streams do not end, and assets are no pages.
                if (!link.Contains("/live", StringComparison.Ordinal) && !link.StartsWith("/-/assets/", StringComparison.Ordinal))
                {
                    open.Enqueue((link.Split('#')[0], address));
                }
            }

            foreach (var asked in Names(address, answer))
            {
                open.Enqueue((asked, address));
            }
        }

        return read;
    }

    private static Task<Answer> OpenAsync(Visitor visitor, string user, string address)
    {
        // Under /api/ and /v2/, a visitor is known by the password, not by the cookie.
        visitor.Headers.RemoveAll(header => header.Name == "Authorization");
        if (user.Length > 0 && (address.StartsWith("/api/", StringComparison.Ordinal) || address.StartsWith("/v2/", StringComparison.Ordinal)))
        {
            visitor.Headers.Add(AccessFolder.Basic(user));
        }

        return visitor.OpenAsync(address);
    }

    // What a script asks about each repository that a list of the API has.
    private static IEnumerable<string> Names(string address, Answer answer) => address != "/api/v1/repositories" || answer.Status != 200 ? [] :
        answer.Json.GetProperty("repositories").EnumerateArray().Select(item => item.GetProperty("repository").GetString()!).SelectMany(name => new[]
        {
            $"/v2/{name}/tags/list", $"/api/v1/tags?repository={name}", $"/api/v1/manifests?repository={name}", $"/api/v1/trash?repository={name}", $"/api/v1/activity?repository={name}",
            $"/api/v1/repositories/show?repository={name}", $"/api/v1/space/repository?repository={name}",
        });

    private Task<Visitor> LogInAsync(string user) => Visitor.EnterAsync(_registry.Client, user);

    [GeneratedRegex("(?:href|src)=\"(?<path>/[^\"]*)\"")]
    private static partial Regex Link();
}
