using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using Registry.Core.Changes;
using Registry.Core.Events;
using Registry.Core.Oci;
using Registry.Server.Maintenance;
using Registry.Server.Tests.Events;
using Registry.Server.Tests.Maintenance;
using Registry.Server.Tests.Mirroring;
using Registry.Server.Tests.Policies;
using Registry.Storage.Files;

namespace Registry.Server.Tests.OpenApi;

/// <summary>Answers of a registry are as described: each status of each operation is asked for once at least, and its body has the schema.</summary>
public sealed class DescribedAnswerTests : IAsyncLifetime
{
    private const string Repository = "team/app";

    private static readonly (string, string) Json = ("Content-Type", "application/json");

    private readonly ApiDescription _description = new();
    private readonly HashSet<string> _answered = [];
    private readonly PolicyFolder _policy = new("""
        { "rules": [
          { "repository": "**", "keep": { "tagged": ["*"] } },
          { "repository": "signed/*", "immutableTags": ["v*"], "quota": { "bytes": "1GB" }, "requireSignature": { "cosign": ["test.pub"] } }
        ] }
        """);
    private readonly TestSigner _signer = new();
    private MirroredUpstream _upstream = null!;
    private EventFolder _events = null!;
    private MaintainedRegistry _maintained = null!;
    private TestImage _first = null!;
    private TestImage _deleted = null!;

    private TestRegistry Registry => _maintained.Registry;

    public async ValueTask InitializeAsync()
    {
        _upstream = await MirroredUpstream.StartAsync("\"maxSize\": \"1GiB\", \"keep\": \"30d\"");
        await _upstream.Client.PushAsync(Repository, TestImage.Create(), "latest");

        // 1 MiB a second, so that a verification does not end by itself while another job is asked for.
        _events = new EventFolder(new JsonObject { ["name"] = "pipeline", ["url"] = "http://127.0.0.1:9/" });
        _policy.WriteKey("test.pub", _signer);
        _maintained = await MaintainedRegistry.StartAsync(options => _events.Configure(_policy.Configure(_upstream.Configure(options))) with { VerifyRate = 1 });
        _first = await Registry.Client.PushAsync(Repository, TestImage.Create(), "latest", "once");
        var image = await Registry.Client.PushAsync(Repository, TestImage.Create(), "latest");
        await Registry.Client.PushAsync(Repository, TestImage.Artifact("application/spdx+json", image), "sbom");
        await Registry.Client.PushAsync(Repository, TestImage.Index([TestImage.Create()]), "index");
        _deleted = await Registry.Client.PushAsync(Repository, TestImage.Create(), "old", "latest", "moved");
        await DeleteAsync(_deleted);
        await Registry.Client.PushAsync(Repository, image, "moved", "latest");
    }

    public async ValueTask DisposeAsync()
    {
        await _maintained.DisposeAsync();
        await _upstream.DisposeAsync();
        _policy.Dispose();
        _signer.Dispose();
        _events.Dispose();
    }

    [Fact]
    public async Task Every_answer_has_its_schema()
    {
        await AskForSpaceAsync();
        await AskForErrorsAsync();
        await AskForListsAsync();
        await AskForMaintenanceAsync();
        await AskForPoliciesAsync();
        await AskForMirrorAsync();
        await AskForEventsAsync();
        await AskForChangesOfTagsAsync();
        await AskForChangesOfRepositoriesAsync();

        Assert.Equal(
            _description.Operations.SelectMany(operation => operation.Statuses.Select(status => $"{operation.Method} {operation.Path} {status}")).Order(StringComparer.Ordinal),
            _answered.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Entries_of_reports_have_their_schema()
    {
        var time = new FakeTimeProvider();
        var timed = await MaintainedRegistry.StartAsync(time: time);
        await _maintained.DisposeAsync();
        _maintained = timed;
        await Registry.Client.PushAsync(Repository, TestImage.Create(), "latest");
        await Registry.Client.PushAsync(Repository, TestImage.Create());

        await AskForJobAsync("gc?untagged=true", "untagged");
        time.Advance(TimeSpan.FromDays(2));
        Assert.Single((await AskForJobAsync("gc?untagged=true", "untagged")).GetProperty("manifests").EnumerateArray());

        // The collector, which follows the same clock, may have left nothing to preview.
        await AskForJobAsync("gc?dryRun=true", "preview");
    }

    [Fact]
    public async Task Parameters_are_those_that_the_registry_knows()
    {
        foreach (var operation in _description.Operations)
        {
            var answer = await SendAsync(operation.Method, operation.Fill(Value, "unknown=1"), "{}");

            var names = operation.Query.Count == 0 ? "none" : string.Join(", ", operation.Query.Select(parameter => parameter.Name));
            Check.Problem(400, "UNSUPPORTED", "malformed request", $"there is no query parameter 'unknown'; allowed: {names}", answer);
        }
    }

    [Fact]
    public async Task What_is_served_is_the_file_of_the_source_tree()
    {
        var answer = Check.Status(200, await Registry.Client.GetAnswerAsync("/api/v1/openapi.json"));

        Assert.Equal(await File.ReadAllBytesAsync(SourceTree.Locate(ApiDescription.File)), answer.Body);
        Assert.Equal($"\"{new TestBlob(answer.Body).Digest}\"", answer["ETag"]);
        Assert.Equal(answer["ETag"], Check.Status(304, await Registry.Client.GetAnswerAsync("/api/v1/openapi.json", ("If-None-Match", answer["ETag"]!)))["ETag"]);
        Assert.Equal(answer.Body.Length, Check.Status(200, await Registry.Client.HeadAnswerAsync("/api/v1/openapi.json")).Length);
    }

    private async Task AskForSpaceAsync()
    {
        // A read-only registry computes nothing.
        Registry.Host.ReadOnly.TurnOn();
        await AskAsync("GET", "/api/v1/space", 202);
        await AskAsync("GET", $"/api/v1/space/repository?repository={Repository}", 202);
        _description.Check(_description.Find("POST", "/api/v1/repositories/delete"), Check.Status(405, await SendAsync("POST", $"/api/v1/repositories/delete?repository={Repository}", "{}")));
        Registry.Host.ReadOnly.TurnOff();
        await Eventually.HoldsAsync(async () => (await Registry.Client.GetAnswerAsync("/api/v1/space")).Status == 200, "the space is computed");
        await AskAsync("GET", "/api/v1/space?n=1", 200);
        await AskAsync("GET", $"/api/v1/space/repository?repository={Repository}", 200);
    }

    private async Task AskForErrorsAsync()
    {
        foreach (var operation in _description.Operations)
        {
            foreach (var status in operation.Statuses)
            {
                var asked = status switch
                {
                    400 => AskAsync(operation.Method, operation.Fill(Value, "unknown=1"), 400, "{}"),
                    404 => AskAsync(operation.Method, operation.Fill(name => name switch
                    {
                        "repository" => "nobody/nothing",
                        "image" => "nobody/nothing:latest",
                        "endpoint" => "nothing",
                        _ => Value(name),
                    }), 404, "{}"),
                    412 => AskAsync(operation.Method, operation.Fill(Value), 412, "{}", ("If-None-Match", "*")),
                    413 => AskAsync(operation.Method, operation.Fill(Value), 413, $"{{{new string(' ', 17 * 1024)}}}"),
                    415 => AskAsync(operation.Method, operation.Fill(Value), 415, "{}", ("Content-Type", "text/plain")),
                    _ => Task.FromResult<Answer?>(null),
                };
                await asked;
            }
        }
    }

    private async Task AskForListsAsync()
    {
        await Registry.Client.PushAsync("team/other", TestImage.Create(), "1");
        var description = await AskAsync("GET", "/api/v1/openapi.json", 200);
        await AskAsync("GET", "/api/v1/openapi.json", 304, null, ("If-None-Match", description!["ETag"]!));
        foreach (var path in new[]
        {
            "/api/v1/repositories", "/api/v1/repositories?n=1&sort=pushed", $"/api/v1/tags?repository={Repository}", $"/api/v1/tags?repository={Repository}&sort=time&n=1",
            $"/api/v1/tags/history?repository={Repository}&tag=latest", $"/api/v1/tags/history?repository={Repository}&tag=latest&n=1", $"/api/v1/tags/show?repository={Repository}&tag=latest",
            $"/api/v1/tags/show?repository={Repository}&tag=latest&at=2020-01-01T00:00:00Z", $"/api/v1/trash?repository={Repository}", "/api/v1/trash/all",
            $"/api/v1/trash/show?repository={Repository}&digest={_deleted.Digest}", $"/api/v1/repositories/show?repository={Repository}",
            $"/api/v1/manifests?repository={Repository}", $"/api/v1/manifests?repository={Repository}&n=1", $"/api/v1/manifests/show?repository={Repository}&reference=latest",
            $"/api/v1/manifests/show?repository={Repository}&reference=sbom", $"/api/v1/activity?repository={Repository}", $"/api/v1/activity?repository={Repository}&kind=tag-set&n=1",
            "/api/v1/activity/all", "/api/v1/maintenance", $"/api/v1/maintenance/explain?digest={_first.Digest}", $"/api/v1/maintenance/explain?digest={_first.Blobs[^1].Digest}",
            $"/api/v1/maintenance/explain?digest={_deleted.Digest}", $"/api/v1/maintenance/explain?digest={TestBlob.OfText("unknown").Digest}",
        })
        {
            await AskAsync("GET", path, 200);
        }
    }

    private async Task AskForMaintenanceAsync()
    {
        await AskForJobAsync("gc?dryRun=true", "preview");
        await AskForJobAsync("gc?untagged=true", "untagged");
        await AskForJobAsync("gc", "collected");
        await AskForJobAsync("verify?fullSpeed=true", "verified");
        await AskForJobAsync($"copy?source={Repository}:latest&target=team/copied", "copied");
        await AskForJobAsync($"warm?image=up/{Repository}:latest", "warmed");
        await AskForJobAsync("retention?dryRun=true", "retained");
        await AskForJobAsync("retention", "retained");
        await AskForJobAsync("reindex?dryRun=true", TestRegistry.Stores is null ? "compared" : "refusal");
        await AskForImportAsync();
        await AskAsync("POST", "/api/v1/maintenance/read-only?on=true", 200);
        await AskForJobAsync("gc", "refusal");
        await AskAsync("POST", "/api/v1/maintenance/read-only?on=false", 200);

        for (var i = 0; i < 3; i++)
        {
            await Registry.Client.PushBlobAsync(Repository, TestBlob.Random(3 * 1024 * 1024));
        }

        var running = (await AskAsync("POST", "/api/v1/maintenance/verify", 202))!.Json.GetProperty("id").GetInt64();
        await AskAsync("POST", "/api/v1/maintenance/gc", 409);
        await AskAsync("POST", "/api/v1/maintenance/verify", 409);
        await AskAsync("POST", $"/api/v1/maintenance/copy?source={Repository}:latest&target=team/copied", 409);
        await AskAsync("POST", "/api/v1/maintenance/retention", 409);
        await AskAsync("POST", "/api/v1/maintenance/reindex?dryRun=true", 409);
        await AskAsync("POST", $"/api/v1/maintenance/warm?image=up/{Repository}:latest", 409);
        await AskAsync("GET", $"/api/v1/maintenance/show?id={running}", 200);
        await AskAsync("POST", $"/api/v1/maintenance/cancel?id={running}", 202);
        await _maintained.EndOfAsync(running);
        await AskAsync("GET", "/api/v1/maintenance", 200);
    }

    private async Task AskForPoliciesAsync()
    {
        var image = await Registry.Client.PushAsync("signed/app", TestImage.Create(), "v1");
        await Registry.Client.PushAsync("signed/app", TestSigner.Referrer(image, "{}"));
        await Registry.Client.PushAsync("signed/app", _signer.Bundle(image));
        foreach (var asked in new[] { "signed/app:v1", $"signed/app@{image.Digest}", "signed/app:v2", "signed/app", $"up/{Repository}:latest", "nobody/nothing" })
        {
            await AskAsync("GET", $"/api/v1/policies/explain?image={asked}", 200);
        }
    }

    private async Task AskForMirrorAsync()
    {
        await AskAsync("GET", "/api/v1/mirror", 200);
        await AskAsync("POST", $"/api/v1/mirror/check?image=up/{Repository}:latest", 200);
        _upstream.Relay.Instead = context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "60";
            return Task.FromResult(true);
        };
        await AskAsync("POST", $"/api/v1/mirror/check?image=up/{Repository}:other", 502);
        await AskAsync("POST", $"/api/v1/mirror/check?image=up/{Repository}:latest", 200);
        await AskAsync("GET", "/api/v1/mirror", 200);
        await AskAsync("POST", $"/api/v1/mirror/forget?image=up/{Repository}:latest", 200);
    }

    private async Task AskForEventsAsync()
    {
        await AskAsync("GET", "/api/v1/changes?n=3", 200);
        await AskAsync("GET", "/api/v1/changes?after=now", 200);
        await AskAsync("GET", "/api/v1/changes?after=000000000001-1", 410);
        await Eventually.HoldsAsync(async () => (await Registry.Host.Events!.ReadStatusAsync()).All(one => one.Failing > 0), "the endpoint, which is not dialled, is known to fail");
        await AskAsync("GET", "/api/v1/events", 200);
        var ended = new EventDelivery
        {
            Lane = 0,
            Position = 1,
            Kind = ChangeKind.TagSet,
            Repository = RepositoryName.Parse(Repository),
            Tag = Tag.Parse("latest"),
            Digest = Digest.Parse(_first.Digest),
            Time = DateTimeOffset.UtcNow,
            IsSetAside = true,
            Attempts = 3,
            Status = 500,
            Fault = "answered 500 Internal Server Error",
            Milliseconds = 12,
        };
        await Registry.Host.Storage.Ports.Events.AdvanceAsync("pipeline", Guid.Empty, [new EventLane { Number = 0, Position = 1, SetAside = 1 }], [ended]);
        await AskAsync("GET", "/api/v1/events/deliveries?endpoint=pipeline&state=set-aside&n=1", 200);
        await AskAsync("POST", "/api/v1/events/replay?endpoint=pipeline&since=2026-01-01T00:00:00Z", 200);
    }

    // Over the network it is refused, and a registry on nodes has no socket.
    private async Task AskForImportAsync()
    {
        const string Import = "/api/v1/maintenance/import";
        var operation = _description.Find("POST", Import);
        _description.Check(operation, Check.Status(403, await SendAsync("POST", $"{Import}?path=/nowhere", "{}")));
        using var folder = new TemporaryFolder("layout");
        LayoutFolder.Write(folder.Path, ("team/imported:1", TestImage.Create()));
        if (TestRegistry.Stores is null)
        {
            using var local = SocketClient.Of(new DataPaths(Registry.StoragePath).Socket);
            var begun = Check.Status(202, await local.RequestAsync("POST", $"{Import}?path={folder.Path}", "{}"u8.ToArray(), Json));
            _description.Check(operation, begun);
            await _maintained.EndOfAsync(begun.Json.GetProperty("id").GetInt64());
            Assert.True((await AskAsync("GET", $"/api/v1/maintenance/show?id={begun.Json.GetProperty("id").GetInt64()}", 200))!.Json.GetProperty("report").TryGetProperty("imported", out _));

            // Another one runs.
            var job = Registry.Host.Jobs.Start(new VerifyWork(isDryRun: true, isFast: false), ChangeOrigin.Collector).Value!;
            _description.Check(operation, Check.Status(409, await local.RequestAsync("POST", $"{Import}?path={folder.Path}", "{}"u8.ToArray(), Json)));
            Registry.Host.Jobs.Cancel(job.Id);
            await _maintained.EndOfAsync(job.Id);
        }

        _answered.UnionWith([$"POST {Import} 202", $"POST {Import} 409"]);
    }

    // A job, and its report with a member.
    private async Task<JsonElement> AskForJobAsync(string job, string member)
    {
        var id = (await AskAsync("POST", $"/api/v1/maintenance/{job}", 202))!.Json.GetProperty("id").GetInt64();
        await _maintained.EndOfAsync(id);
        return (await AskAsync("GET", $"/api/v1/maintenance/show?id={id}", 200))!.Json.GetProperty("report").GetProperty(member);
    }

    private async Task AskForChangesOfTagsAsync()
    {
        await AskAsync("POST", $"/api/v1/tags/rollback?repository={Repository}&tag=latest", 200, $$"""{"to":"{{_first.Digest}}"}""");
        await AskAsync("POST", $"/api/v1/tags/rollback?repository={Repository}&tag=once", 409);

        // The tag "moved" exists, and stays.
        await AskAsync("POST", $"/api/v1/trash/restore?repository={Repository}&digest={_deleted.Digest}", 200);
        await DeleteAsync(_deleted);
        await AskAsync("POST", $"/api/v1/trash/purge?repository={Repository}&digest={_deleted.Digest}", 200);

        var index = await Registry.Client.PushAsync(Repository, TestImage.Index([TestImage.Create()]), "lost");
        await DeleteAsync(index);
        await DeleteAsync(index.Children[0]);
        await AskAsync("POST", $"/api/v1/trash/purge?repository={Repository}&digest={index.Children[0].Digest}", 200);
        await AskAsync("POST", $"/api/v1/trash/restore?repository={Repository}&digest={index.Digest}", 409);
    }

    private async Task AskForChangesOfRepositoriesAsync()
    {
        await AskAsync("POST", $"/api/v1/repositories/rename?repository={Repository}&to=team/other", 409);
        await AskAsync("POST", $"/api/v1/repositories/rename?repository={Repository}&to=team/new", 200);
        await AskAsync("POST", "/api/v1/repositories/delete?repository=team/new", 200);
        await Registry.Client.PushAsync("team/new", TestImage.Create(), "latest");
        await AskAsync("POST", "/api/v1/repositories/restore?repository=team/new&n=1", 200);
        await AskAsync("POST", "/api/v1/repositories/restore?repository=team/new", 200);
    }

    private string Value(string parameter) => parameter switch
    {
        "repository" => Repository,
        "to" => "team/new",
        "tag" or "reference" => "latest",
        "id" => "1",
        "on" => "false",
        "dryRun" => "true",
        "path" => "/nowhere",
        "image" => $"up/{Repository}:latest",
        "endpoint" => "pipeline",
        "since" => "2026-01-01T00:00:00Z",
        "source" or "target" => $"{Repository}:latest",
        _ => _deleted.Digest,
    };

    private async Task<Answer?> AskAsync(string method, string path, int status, string? body = "{}", params (string, string)[] headers)
    {
        var answer = Check.Status(status, await SendAsync(method, path, body, headers));
        var operation = _description.Find(method, path);
        _description.Check(operation, answer);
        _answered.Add($"{method} {operation.Path} {status}");
        return answer;
    }

    private Task<Answer> SendAsync(string method, string path, string? body, params (string Name, string Value)[] headers) => method == "GET"
        ? Registry.Client.GetAnswerAsync(path, headers)
        : Registry.Client.RequestAsync(method, path, Encoding.UTF8.GetBytes(body!), headers.Any(header => header.Name == "Content-Type") ? headers : [Json, .. headers]);

    private async Task DeleteAsync(TestImage image) =>
        Check.Status(202, await Registry.Client.RequestAsync("DELETE", $"/v2/{Repository}/manifests/{image.Digest}"));
}
