using Microsoft.Extensions.Logging;

namespace Registry.Web.Tests;

/// <summary>A registry of a shop, whose pages have something to show, each kind of page at least once. Tests only look at it.</summary>
public sealed class ShownRegistry : IAsyncLifetime
{
    private readonly Users _users = new();
    private readonly TemporaryFolder _folder = new("shown", isInMemory: true);
    private readonly List<(string Template, string Path)> _pages =
    [
        ("/", "/"), ("/", "/?q=shop"), ("/", "/?q=nothing-has-this-name"), ("/", "/?q=:1.0"), ("/activity", "/activity"), ("/activity", "/activity?kind=tag-set&user=nobody"), ("/trash", "/trash"), ("/space", "/space"),
        ("/administration", "/administration"), ("/administration/maintenance", "/administration/maintenance"), ("/administration/maintenance/gc", "/administration/maintenance/gc"),
        ("/administration/maintenance/retention", "/administration/maintenance/retention"),
        ("/administration/maintenance/verify", "/administration/maintenance/verify"), ("/administration/maintenance/read-only", "/administration/maintenance/read-only"),
        ("/administration/events", "/administration/events"), ("/administration/events/deliveries", "/administration/events/deliveries?endpoint=pipeline"),
        ("/administration/events/replay", "/administration/events/replay?endpoint=pipeline"),
        ("/administration/mirror", "/administration/mirror"), ("/administration/settings", "/administration/settings"), ("/administration/users", "/administration/users"),
        ("/administration/users", "/administration/users?user=grace&action=push&repository=shop/api"),
    ];

    private TestRegistry _upstream = null!;

    /// <summary>The running registry.</summary>
    public TestRegistry Registry { get; private set; } = null!;

    /// <summary>Paths of the pages that a user sees, each with its template in docs/web.md.</summary>
    public IReadOnlyList<(string Template, string Path)> Pages => _pages;

    /// <summary>Path of the page of an image.</summary>
    public string ImagePath => "/repositories/shop/api/-/tags/2.4.1";

    /// <summary>Path of the history of a tag.</summary>
    public string HistoryPath => "/repositories/shop/api/-/history/stable";

    public async ValueTask InitializeAsync()
    {
        _upstream = await TestRegistry.StartAsync();
        WriteFiles(_upstream.Client.BaseAddress!);
        Registry = await TestRegistry.StartAsync(options => _users.Configure(options) with
        {
            SpacePeriod = TimeSpan.FromSeconds(1),
            UiTitle = "Shop images",
            MirrorConfig = _folder.File("mirror.json"),
            PolicyConfig = _folder.File("policy.json"),
            EventsConfig = _folder.File("events.json"),
        });
        var client = Registry.Client;
        Users.Identify(client, Users.Admin);
        foreach (var (name, size) in new[] { ("library/busybox", 700_000), ("library/postgres", 6_200_000), ("platform/grafana", 4_100_000), ("tools/ci-runner", 2_300_000) })
        {
            await client.PushAsync(name, SampleImage.Create(name.Split('/')[1], "1.0.0", size), "1.0.0", "latest");
        }

        await PullMirroredAsync(client);
        var old = await PushReleasesAsync(client);
        await PushIndexAsync(client);

        // A repository without tags, and what was deleted.
        await client.PushAsync("shop/untagged", TestImage.Create());
        var removed = await client.PushAsync("shop/worker", SampleImage.Create("worker", "0.9.0-rc1", 900_000), "0.9.0-rc1", "next");
        await client.PushAsync("shop/worker", SampleImage.Create("worker", "0.9.0", 910_000), "0.9.0");
        await client.RequestAsync("DELETE", $"/v2/shop/worker/manifests/{removed.Digest}");

        var upload = await client.BeginUploadAsync("shop/api");
        await client.RequestAsync("PATCH", upload, new byte[2_000_000]);
        _pages.AddRange(
        [
            ("/administration/uploads", "/administration/uploads"),
            ("/administration/uploads/cancel", $"/administration/uploads/cancel?id={upload.UploadId()}"),
            ("/repositories/<name>", "/repositories/shop/api"),
            ("/repositories/<name>", "/repositories/shop/untagged"),
            ("/repositories/<name>/-/tags/<tag>", ImagePath),
            ("/repositories/<name>/-/manifests/<digest>", $"/repositories/shop/api/-/manifests/{old.Digest}"),
            ("/repositories/<name>/-/blobs/<digest>", $"/repositories/shop/api/-/blobs/{old.Blobs[0].Digest}"),
            ("/repositories/<name>/-/compare", "/repositories/shop/api/-/compare?from=2.3.0&to=2.4.1"),
            ("/repositories/<name>/-/history/<tag>", HistoryPath),
            ("/repositories/<name>/-/activity", "/repositories/shop/api/-/activity"),
            ("/repositories/<name>/-/manifests", "/repositories/shop/api/-/manifests"),
            ("/repositories/<name>/-/space", "/repositories/shop/api/-/space"),
            ("/repositories/<name>/-/trash", "/repositories/shop/worker/-/trash"),
            ("/repositories/<name>/-/trash", "/repositories/shop/api/-/trash"),
            ("/repositories/<name>/-/rollback/<tag>", $"/repositories/shop/api/-/rollback/stable?to={old.Digest}"),
            ("/repositories/<name>/-/delete", "/repositories/shop/api/-/delete?tag=2.3.0&tag=latest"),
            ("/repositories/<name>/-/restore", $"/repositories/shop/worker/-/restore?digest={removed.Digest}"),
            ("/repositories/<name>/-/restore/<digest>", $"/repositories/shop/worker/-/restore/{removed.Digest}"),
            ("/repositories/<name>/-/purge/<digest>", $"/repositories/shop/worker/-/purge/{removed.Digest}"),
        ]);
        await Registry.AwaitSpaceAsync();
    }

    public async ValueTask DisposeAsync()
    {
        var errors = Registry.Log.Entries.Where(entry => entry.Level >= LogLevel.Error).ToList();
        await Registry.DisposeAsync();
        await _upstream.DisposeAsync();
        _users.Dispose();
        _folder.Dispose();
        Assert.Empty(errors);
    }

    // An upstream that answers and one that does not, each kind of rule, and an endpoint of events that nothing listens to.
    private void WriteFiles(Uri upstream)
    {
        File.WriteAllText(_folder.File("mirror.json"), $$"""
            {
              "upstreams": [
                { "name": "docker.io", "url": "{{upstream.GetLeftPart(UriPartial.Authority)}}", "prefix": "hub", "maxSize": "20GiB" },
                { "name": "quay.example", "url": "http://127.0.0.1:1", "prefix": "quay" }
              ]
            }
            """);
        File.WriteAllText(_folder.File("policy.json"), """
            {
              "rules": [
                { "repository": "shop/api", "immutableTags": ["2.3.*"], "except": ["*-dev"] },
                { "repository": "tools/**", "keep": { "newest": 20, "tagged": ["release-*"], "pulledWithin": "30d" }, "delete": { "untaggedAfter": "7d" } },
                { "repository": "platform/**", "quota": { "bytes": "500GiB" } }
              ]
            }
            """);
        File.WriteAllText(_folder.File("events.json"), """{ "endpoints": [{ "name": "pipeline", "url": "http://127.0.0.1:1/hook", "addresses": ["127.0.0.0/8"] }] }""");
    }

    private async Task PullMirroredAsync(HttpClient client)
    {
        await _upstream.Client.PushAsync("library/alpine", TestImage.Index([SampleImage.Create("alpine", "3.22", 400_000)]), "3.22");
        await client.GetAnswerAsync("/v2/hub/library/alpine/manifests/3.22");
        await client.GetAnswerAsync("/v2/quay/any/thing/manifests/1");
        _pages.Add(("/repositories/<name>", "/repositories/hub/library/alpine"));
        _pages.Add(("/repositories/<name>/-/tags/<tag>", "/repositories/hub/library/alpine/-/tags/3.22"));
    }

    // A tag that two people have moved, and that was set back.
    private static async Task<TestImage> PushReleasesAsync(HttpClient client)
    {
        var old = await client.PushAsync("shop/api", SampleImage.Create("api", "2.3.0", 1_900_000), "2.3.0", "stable");
        Users.Identify(client, Users.Member);
        var bad = await client.PushAsync("shop/api", SampleImage.Create("api", "2.4.0", 2_050_000), "2.4.0", "stable");
        await client.RequestAsync("POST", "/api/v1/tags/rollback?repository=shop/api&tag=stable", "{}"u8.ToArray(), ("Content-Type", "application/json"));
        var mended = await client.PushAsync("shop/api", SampleImage.Create("api", "2.4.1", 2_060_000), "2.4.1", "stable", "latest");
        await client.PushAsync("shop/api", TestImage.Artifact("application/vnd.dev.cosign.artifact.sig.v1+json", mended));
        await client.PushAsync("shop/api", TestImage.Artifact("application/spdx+json", mended));
        await client.RequestAsync("DELETE", $"/v2/shop/api/manifests/{bad.Digest}");
        Users.Identify(client, Users.Admin);
        return old;
    }

    private async Task PushIndexAsync(HttpClient client)
    {
        var index = TestImage.Index(
            [SampleImage.Create("web", "3.0.0", 800_000), SampleImage.Create("web", "3.0.0", 790_000, "arm64")],
            json =>
            {
                foreach (var (child, architecture) in json["manifests"]!.AsArray().Zip(["amd64", "arm64"]))
                {
                    child!["platform"] = new System.Text.Json.Nodes.JsonObject { ["os"] = "linux", ["architecture"] = architecture };
                }
            });
        await client.PushAsync("shop/web", index, "3.0.0", "latest");
        _pages.Add(("/repositories/<name>/-/tags/<tag>", "/repositories/shop/web/-/tags/3.0.0"));
        _pages.Add(("/repositories/<name>/-/tags/<tag>", "/repositories/shop/web/-/tags/3.0.0?platform=linux%2Farm64"));
        await client.PushAsync("shop/files", TestImage.Artifact("application/vnd.example.report"), "report");
        _pages.Add(("/repositories/<name>/-/tags/<tag>", "/repositories/shop/files/-/tags/report"));
    }
}
