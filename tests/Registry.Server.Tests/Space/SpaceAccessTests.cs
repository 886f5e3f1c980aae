using Registry.Core.Access;
using Registry.Server.Tests.Access;

namespace Registry.Server.Tests.Space;

/// <summary>What others share is for admins; other callers see sizes within what they may pull.</summary>
public sealed class SpaceAccessTests
{
    public static TheoryData<AuthenticationKind> Kinds => new(AuthenticationKind.Basic, AuthenticationKind.BuiltInToken);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_user_learns_nothing_of_what_others_have(AuthenticationKind kind)
    {
        using var folder = new AccessFolder();
        await using var registry = await SpaceRegistry.StartAsync(options => folder.Configure(options, kind));
        using var pusher = new HttpClient { BaseAddress = registry.Client.BaseAddress };
        pusher.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", AccessFolder.Basic("admin").Item2);
        var image = TestImage.Create();
        foreach (var repository in new[] { "team/app", "secret/app" })
        {
            await pusher.PushAsync(repository, image, "v1");
        }

        var size = SpaceTests.Size(image);
        var whole = await registry.AwaitSpaceAsync(headers: AccessFolder.Basic("admin"));
        Assert.Equal((size, 2), (whole.Json.GetProperty("registry").Number("shared"), whole.Json.GetProperty("repositories").GetArrayLength()));
        var answer = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/space", AccessFolder.Basic("alice")));
        Assert.Equal(["computedAt", "repositories"], answer.Json.EnumerateObject().Select(property => property.Name));
        Assert.Equal([$$"""{"repository":"team/app","referred":{{size}}}"""], answer.Json.GetProperty("repositories").EnumerateArray().Select(one => one.GetRawText()));
        Assert.Empty(Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/space", AccessFolder.Basic("bob"))).Json.GetProperty("repositories").EnumerateArray());
        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/space"));

        Assert.Equal(("registry", 0), await ReadTagAsync("admin"));
        Assert.Equal(("repository", size), await ReadTagAsync("alice"));
        Check.Status(403, await registry.Client.GetAnswerAsync("/api/v1/space/repository?repository=team/app", AccessFolder.Basic("bob")));
        Check.Status(403, await registry.Client.GetAnswerAsync("/api/v1/space/repository?repository=none/app", AccessFolder.Basic("bob")));

        async Task<(string?, long)> ReadTagAsync(string user)
        {
            var json = Check.Status(200, await registry.Client.GetAnswerAsync("/api/v1/space/repository?repository=team/app", AccessFolder.Basic(user))).Json;
            return (json.GetProperty("within").GetString(), Assert.Single(json.GetProperty("tags").EnumerateArray()).Number("unique"));
        }
    }

    [Fact]
    public async Task Without_access_rules_every_user_sees_all_of_it()
    {
        using var folder = new AccessFolder();
        await using var registry = await SpaceRegistry.StartAsync(options => folder.Configure(options, AuthenticationKind.Basic) with { AccessControlPath = null });
        Assert.True((await registry.AwaitSpaceAsync(headers: AccessFolder.Basic("bob"))).Json.TryGetProperty("registry", out _));
        Check.Status(401, await registry.Client.GetAnswerAsync("/api/v1/space"));
    }
}
