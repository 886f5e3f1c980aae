namespace Registry.Server.Tests.Web;

/// <summary>Changes on the pages of a registry without users, by the host that a visitor has used (DNS rebinding).</summary>
public sealed class HostCheckTests
{
    [Theory]
    [InlineData("127.0.0.1:5000", 303)]
    [InlineData("[::1]:5000", 303)]
    [InlineData("localhost:5000", 303)]
    [InlineData("registry.example.com", 303)]
    [InlineData("REGISTRY.example.com:5000", 303)]
    [InlineData("evil.example", 403)]
    [InlineData("registry.example.com.evil.example", 403)]
    [InlineData("localhost.evil.example", 403)]
    [InlineData("127.0.0.1.evil.example", 403)]
    public async Task A_page_changes_something_only_at_a_name_of_the_registry(string host, int status)
    {
        await using var registry = await TestRegistry.StartAsync(options => options with { ExternalUrl = "http://registry.example.com" });
        var old = await registry.Client.PushAsync("a", TestImage.Create(), "v1");
        var now = await registry.Client.PushAsync("a", TestImage.Create(), "v1");
        var visitor = new Visitor(registry.Client) { Headers = { ("Host", host) } };

        var answer = await visitor.SubmitAsync($"/repositories/a/-/rollback/v1?to={old.Digest}", "/repositories/a/-/rollback/v1", ("to", old.Digest), ("current", now.Digest));

        Check.Status(status, answer);
        Assert.Equal(status == 303 ? old.Digest : now.Digest, (await registry.Client.HeadAnswerAsync("/v2/a/manifests/v1"))["Docker-Content-Digest"]);
    }

    [Fact]
    public async Task A_read_only_registry_changes_nothing()
    {
        await using var registry = await TestRegistry.StartAsync();
        var old = await registry.Client.PushAsync("a", TestImage.Create(), "v1");
        await registry.Client.PushAsync("a", TestImage.Create(), "v1");
        registry.Host.ReadOnly.TurnOn();
        var visitor = new Visitor(registry.Client);

        var answer = await visitor.SubmitAsync($"/repositories/a/-/rollback/v1?to={old.Digest}", "/repositories/a/-/rollback/v1", ("to", old.Digest));

        Assert.Contains("read-only", Check.Status(405, answer).Text, StringComparison.Ordinal);
    }
}
