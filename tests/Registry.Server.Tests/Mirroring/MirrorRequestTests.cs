using Registry.Core.Access;
using Registry.Server.Requests;
using Registry.Server.Tests.Access;
using Registry.Server.Tests.Health;

namespace Registry.Server.Tests.Mirroring;

/// <summary>Requests for repositories of a mirror: by prefix, by namespace and by host. What is stored is served, and no change is taken.</summary>
public sealed class MirrorRequestTests : IAsyncLifetime
{
    private const string Message = "the repository is a mirror; push to another name";

    private readonly MirrorFolder _folder = new();
    private TestRegistry _registry = null!;

    public async ValueTask InitializeAsync() => _registry = await TestRegistry.StartAsync(_folder.Configure);

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("hub/library/alpine", "", null, null)]
    [InlineData("hub/alpine", "", null, null)]
    [InlineData("library/alpine", "?ns=docker.io", null, "docker.io")]
    [InlineData("alpine", "?ns=docker.io", null, "docker.io")]
    [InlineData("hub/library/alpine", "?ns=docker.io", null, "docker.io")]
    [InlineData("hub/alpine", "?ns=registry.example", null, "registry.example")]
    [InlineData("hub/alpine", "?ns=registry.example:15000", null, "registry.example:15000")]
    [InlineData("library/alpine", "", "hub.example", "docker.io")]
    [InlineData("alpine", "", "Hub.Example:5000", "docker.io")]
    [InlineData("alpine", "?ns=", "hub.example", "docker.io")]
    public async Task Every_way_to_a_mirrored_repository_leads_to_the_same_one(string name, string query, string? host, string? shown)
    {
        var image = await MirrorFolder.StoreAsync(_registry, "hub/library/alpine", "3.22");
        (string, string)[] headers = host is null ? [] : [("Host", host)];

        foreach (var reference in (string[])["3.22", image.Digest])
        {
            var answer = Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/{name}/manifests/{reference}{query}", headers));
            Assert.Equal((image.Digest, shown), (answer["Docker-Content-Digest"], answer["OCI-Namespace"]));
        }

        var tags = Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/{name}/tags/list{query}", headers));
        Assert.Equal("hub/library/alpine", tags.Json.GetProperty("name").GetString());
    }

    [Theory]
    [InlineData("team/app", "", null)]
    [InlineData("hub", "", null)]
    [InlineData("library/alpine", "", "registry.example")]
    [InlineData("library/alpine", "?ns=registry.example", "hub.example")]
    public async Task Other_names_are_of_this_registry(string name, string query, string? host)
    {
        var image = await _registry.Client.PushAsync(name, TestImage.Create(), "latest");

        var answer = Check.Status(200, await _registry.Client.GetAnswerAsync($"/v2/{name}/manifests/latest{query}", host is null ? [] : [("Host", host)]));
        Assert.Equal(image.Digest, answer["Docker-Content-Digest"]);
    }

    [Fact]
    public async Task A_namespace_that_is_not_configured_is_an_unknown_name_and_is_never_sent_back_in_a_header()
    {
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "latest");

        var answer = Check.Error(404, "NAME_UNKNOWN", "repository name not known to registry", await _registry.Client.GetAnswerAsync("/v2/team/app/manifests/latest?ns=evil.example"));
        Assert.Equal(["ns is 'evil.example', which is no registry that is mirrored here, and no name of this one"], Check.Details(answer));
        Assert.Null(answer["OCI-Namespace"]);
        Check.Error(400, "UNSUPPORTED", "malformed request", await _registry.Client.GetAnswerAsync("/v2/team/app/manifests/latest?ns=docker.io&ns=ghcr.io"));
        Check.Error(400, "NAME_INVALID", "invalid repository name", await _registry.Client.GetAnswerAsync($"/v2/{new string('a', 252)}/manifests/latest?ns=docker.io"));
        Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/?ns=evil.example"));
    }

    [Fact]
    public async Task Without_a_mirror_a_namespace_means_nothing()
    {
        await using var registry = await TestRegistry.StartAsync();
        await registry.Client.PushAsync("hub/app", TestImage.Create(), "latest");

        var answer = Check.Status(200, await registry.Client.GetAnswerAsync("/v2/hub/app/manifests/latest?ns=evil.example"));
        Assert.Null(answer["OCI-Namespace"]);
    }

    [Fact]
    public async Task Every_change_of_a_mirrored_repository_is_refused_before_its_body_is_read()
    {
        var image = await MirrorFolder.StoreAsync(_registry, "hub/team/app", "latest");
        var changes = ReadOnlyTests.Routes().Where(route => route.IsChange).ToList();
        Assert.NotEmpty(changes);

        foreach (var route in changes)
        {
            var path = Fill(route, image).Replace("<name>", "hub/team/app", StringComparison.Ordinal);
            var refused = await _registry.Client.RequestAsync(route.Method, path, new byte[1000]);
            _ = route.HasNameInQuery ? Check.Problem(405, "UNSUPPORTED", Message, refused) : Check.Error(405, "UNSUPPORTED", Message, refused);
            Assert.Matches("hub/team/app is mirrored from docker.io; (push to a name outside of hub/|to remove what is here of it, run: registry mirror forget hub/team/app)", refused.Text);
            Assert.Equal(ReadOnlyTests.Routes().Any(other => other.Template == route.Template && other.Method == "GET") ? "GET, HEAD" : "", refused["Allow"] ?? "");
        }

        Check.Status(405, await _registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/?ns=docker.io"));
        Check.Status(405, await _registry.Client.RequestAsync("POST", "/v2/team/app/blobs/uploads/", null, ("Host", "hub.example")));
        Check.Status(405, await _registry.Client.RequestAsync("POST", $"/v2/hub/team/app/blobs/uploads/?mount={image.Digest}&from=team/app"));
        Check.Status(405, await _registry.Client.RequestAsync("POST", "/v2/hub/nothing/blobs/uploads/"));
        Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/hub/team/app/manifests/latest"));
    }

    [Fact]
    public async Task A_rename_into_a_mirrored_repository_is_refused_too()
    {
        await _registry.Client.PushAsync("team/app", TestImage.Create(), "latest");

        Check.Problem(
            405,
            "UNSUPPORTED",
            Message,
            "hub/library/app is mirrored from docker.io; push to a name outside of hub/",
            await _registry.Client.RequestAsync("POST", "/api/v1/repositories/rename?repository=team/app&to=hub/app"));
        Check.Status(200, await _registry.Client.GetAnswerAsync("/v2/team/app/manifests/latest"));
    }

    [Fact]
    public async Task The_own_interface_of_the_registry_knows_both_names()
    {
        await MirrorFolder.StoreAsync(_registry, "hub/library/alpine", "3.22");

        foreach (var name in (string[])["hub/alpine", "hub/library/alpine"])
        {
            Check.Status(200, await _registry.Client.GetAnswerAsync($"/api/v1/tags/show?repository={name}&tag=3.22"));
        }
    }

    [Fact]
    public async Task The_access_rules_and_tokens_see_the_local_name()
    {
        using var access = new AccessFolder("""
            {
              "defaultPolicy": "deny",
              "rules": [
                { "repository": "hub/library/**", "users": ["bob"], "permissions": ["pull"] },
                { "repository": "hub/**", "users": ["alice"], "permissions": ["pull", "push"] },
                { "repository": "library/**", "users": ["bob"], "permissions": ["pull"] }
              ]
            }
            """);
        await using var registry = await TestRegistry.StartAsync(options => access.Configure(_folder.Configure(options), AuthenticationKind.BuiltInToken) with { ExternalUrl = null });
        var client = registry.Client;
        await MirrorFolder.StoreAsync(registry, "hub/library/alpine", "3.22");
        await MirrorFolder.StoreAsync(registry, "hub/team/app", "latest");

        // containerd asks for the scope of the challenge, and for that of the name in the image.
        var challenge = Check.Status(401, await client.GetAnswerAsync("/v2/library/alpine/manifests/3.22?ns=docker.io"));
        Assert.EndsWith("scope=\"repository:hub/library/alpine:pull\"", challenge["WWW-Authenticate"], StringComparison.Ordinal);
        Assert.Equal("docker.io", challenge["OCI-Namespace"]);
        var both = await TokenAsync("scope=repository:library/alpine:pull&scope=repository:hub/library/alpine:pull", AccessFolder.Basic("bob"));
        Check.Status(200, await client.GetAnswerAsync("/v2/library/alpine/manifests/3.22?ns=docker.io", both));

        // docker asks at the host of the upstream for the name in the image, whatever the challenge says.
        var host = ("Host", "hub.example");
        Assert.StartsWith(
            "Bearer realm=\"http://hub.example/token\"", Check.Status(401, await client.GetAnswerAsync("/v2/library/alpine/manifests/3.22", host))["WWW-Authenticate"], StringComparison.Ordinal);
        Check.Status(200, await client.GetAnswerAsync("/v2/library/alpine/manifests/3.22", host, await TokenAsync("scope=repository:library/alpine:pull", host, AccessFolder.Basic("bob"))));
        Check.Status(403, await client.GetAnswerAsync("/v2/library/alpine/manifests/3.22", host, await TokenAsync("scope=repository:library/alpine:pull", host, AccessFolder.Basic("admin"))));

        // The right to library/… is none to hub/….
        var bob = await TokenAsync("scope=repository:hub/team/app:pull&scope=repository:team/app:pull", AccessFolder.Basic("bob"));
        Check.Status(403, await client.GetAnswerAsync("/v2/team/app/manifests/latest?ns=docker.io", bob));

        // Who may not push anyway is told that first.
        Check.Status(403, await client.RequestAsync("POST", "/v2/team/app/blobs/uploads/?ns=docker.io", null, bob));
        var alice = await TokenAsync("scope=repository:hub/team/app:pull,push", AccessFolder.Basic("alice"));
        Check.Error(405, "UNSUPPORTED", Message, await client.RequestAsync("POST", "/v2/team/app/blobs/uploads/?ns=docker.io", null, alice));

        async Task<(string, string)> TokenAsync(string query, params (string, string)[] headers) => AccessFolder.Bearer(
            Check.Status(200, await client.GetAnswerAsync($"/token?service={AccessFolder.Service}&{query}", headers)).Json.GetProperty("token").GetString()!);
    }

    private static string Fill(Route route, TestImage image) => route.Template.Replace("&to=<name>", "&to=team/other", StringComparison.Ordinal)
        .Replace("<digest>", image.Digest, StringComparison.Ordinal).Replace("<reference>", "latest", StringComparison.Ordinal)
        .Replace("<uuid>", Guid.NewGuid().ToString(), StringComparison.Ordinal);
}
