namespace Registry.Server.Tests.Pull;

/// <summary>OCI distribution-spec, "Determining Support".</summary>
public sealed class DeterminingSupportTests(RegistryFixture fixture) : IClassFixture<RegistryFixture>
{
    [Theory]
    [InlineData("/v2/")]
    [InlineData("/v2")]
    [InlineData("/v2/?ns=docker.io")]
    public async Task Answers_200_with_an_empty_object_and_never_redirects(string path)
    {
        var answer = Check.Status(200, await fixture.Client.GetAnswerAsync(path));

        Assert.Equal("{}", answer.Text);
        Assert.Equal("application/json", answer["Content-Type"]);
        Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
    }

    [Theory]
    [InlineData("/v2/")]
    [InlineData("/v2")]
    public async Task HEAD_says_the_same_without_the_body(string path)
    {
        var answer = Check.Status(200, await fixture.Client.HeadAnswerAsync(path));

        Assert.Empty(answer.Body);
        Assert.Equal(2, answer.Length);
        Assert.Equal("registry/2.0", answer["Docker-Distribution-API-Version"]);
    }

    [Theory]
    [InlineData("/v1/")]
    [InlineData("/v1/_ping")]
    [InlineData("/v2/x")]
    [InlineData("/V2/")]
    [InlineData("/v2//")]
    [InlineData("/v3/")]
    public async Task Nothing_else_is_an_endpoint(string path) =>
        Check.Error(404, "UNSUPPORTED", "no such endpoint", await fixture.Client.GetAnswerAsync(path));

    [Fact]
    public async Task Does_not_say_what_serves()
    {
        var answer = await fixture.Client.GetAnswerAsync("/v2/");

        Assert.Null(answer["Server"]);
        Assert.Equal("nosniff", answer["X-Content-Type-Options"]);
    }
}
