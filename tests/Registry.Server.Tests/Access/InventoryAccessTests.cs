using Registry.Core.Access;

namespace Registry.Server.Tests.Access;

/// <summary>Every list of the inventory shows what the caller may pull, and nothing else.</summary>
public sealed class InventoryAccessTests
{
    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_user_sees_only_the_repositories_that_the_rules_allow(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await TestRegistry.StartAsync(options => folder.Configure(options, kind));
        using var pusher = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        var image = TestImage.Create();
        foreach (var repository in new[] { "team/app", "secret/app" })
        {
            await pusher.PushAsync(repository, image, "v1");
        }

        foreach (var query in new[] { "", "?sort=pushed", "?sort=size", "?q=app", "?q=app&sort=size", "?q=/ap", "?q=/ap&sort=pushed" })
        {
            Assert.Equal(["secret/app", "team/app"], (await NamesAsync(query, "admin")).Order(StringComparer.Ordinal));
            Assert.Equal(["team/app"], await NamesAsync(query, "alice"));
            Assert.Empty(await NamesAsync(query, "bob"));
            Check.Status(401, await registry.Client.GetAnswerAsync($"/api/v1/repositories{query}"));
        }

        foreach (var query in new[] { "?q=secret", "?prefix=secret/", "?q=secret&sort=size", "?prefix=s&sort=pushed", "?q=s", "?q=se&sort=size" })
        {
            Assert.Equal(["secret/app"], await NamesAsync(query, "admin"));
            Assert.Empty(await NamesAsync(query, "alice"));
        }

        Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/tags?repository=team/app", AccessFolder.Basic("alice")));

        // What the rules deny is not told from what is not there.
        Check.Status(403, await registry.Client.GetAnswerAsync("/api/v1/tags?repository=secret/app", AccessFolder.Basic("alice")));
        Check.Status(403, await registry.Client.GetAnswerAsync("/api/v1/tags?repository=secret/none", AccessFolder.Basic("alice")));
        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/tags?repository=secret/app"));

        var manifest = $"reference={image.Digest}";
        Check.Status(200, await registry.Client.GetAnswerAsync($"/api/v1/manifests/show?repository=team/app&{manifest}", AccessFolder.Basic("alice")));
        Check.Status(403, await registry.Client.GetAnswerAsync($"/api/v1/manifests/show?repository=secret/app&{manifest}", AccessFolder.Basic("alice")));
        Check.Status(403, await registry.Client.GetAnswerAsync($"/api/v1/manifests/show?repository=secret/none&{manifest}", AccessFolder.Basic("alice")));

        async Task<IEnumerable<string?>> NamesAsync(string query, string user) =>
            Check.Status(200, await registry.Client.GetAnswerAsync($"/api/v1/repositories{query}", AccessFolder.Basic(user)))
                .Json.GetProperty("repositories").EnumerateArray().Select(one => one.GetProperty("repository").GetString());
    }
}
