using Registry.Server.Tests.Commands;

namespace Registry.Server.Tests.Policies;

/// <summary><c>registry policy check</c> and <c>explain</c>.</summary>
public sealed class PolicyCommandTests : IDisposable
{
    private readonly PolicyFolder _folder = new("""
        { "rules": [
          { "repository": "prod/**", "immutableTags": ["v*"], "except": ["*-dev"] },
          { "repository": "prod/app", "quota": { "bytes": "500GiB" }, "keep": { "newest": 20, "tagged": ["r-*"], "pulledWithin": "30d" }, "delete": { "untaggedAfter": "7d" } }
        ] }
        """);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_file_is_checked_and_a_fault_has_its_line()
    {
        Assert.Equal((0, $"{_folder.Path} can be used: 2 rules.\n", ""), await RunAsync("check", _folder.Path));
        _folder.Write("{ \"rules\": [\n{ \"repository\": \"a\", \"quota\": { \"bytes\": \"much\" } }] }");
        Assert.Equal(
            (1, "", $"registry: {_folder.Path} cannot be used: line 2: rules[0].quota.bytes is \"much\"; allowed: a size of 1 byte or more, such as 500GiB\n"), await RunAsync("check", _folder.Path));
        Assert.Equal((1, "", "registry: /nowhere/policy.json cannot be used: there is no such file\n"), await RunAsync("check", "/nowhere/policy.json"));
    }

    [Fact]
    public async Task The_rules_of_a_repository_or_tag_are_told()
    {
        Assert.Equal(
            """
            rule 1 (line 2: "prod/**"): tags "v*" are immutable, except "*-dev"
            rule 2 (line 3: "prod/app"): a retention keeps of the tags the newest 20, "r-*", those pulled within 30d, and deletes the others
            rule 2 (line 3: "prod/app"): a retention deletes what has had no tag for 7d
            rule 2 (line 3: "prod/app"): its repositories may refer to 500GiB together

            """,
            (await RunAsync("explain", "prod/app")).Output);
        Assert.StartsWith("rule 1 (line 2: \"prod/**\"): the tag is immutable\n", (await RunAsync("explain", "prod/app:v1")).Output, StringComparison.Ordinal);
        Assert.Equal("rule 1 (line 2: \"prod/**\"): the tag may move\n", (await RunAsync("explain", "prod/other:v1-dev")).Output);
        Assert.Equal("No rule matches other.\n", (await RunAsync("explain", "other")).Output);
        Assert.Equal(
            """{"image":"prod/other:v1","rules":[{"rule":1,"line":2,"repository":"prod/**","says":["the tag is immutable"],"immutable":true}]}""",
            string.Concat((await RunAsync("explain", "prod/other:v1", "--json")).Output.Split('\n').Select(line => line.Trim())).Replace("\": ", "\":", StringComparison.Ordinal));
        foreach (var wrong in new[] { "A", "a:-" })
        {
            var run = await RunAsync("explain", wrong);
            Assert.Equal(2, run.ExitCode);
            Assert.Contains($"'{wrong}' is neither a repository nor an image; write it like prod/app, prod/app:v1 or prod/app@sha256:…", run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Without_the_setting_and_without_a_registry_there_is_nothing_to_explain()
    {
        using var nothing = new TemporaryFolder();
        var run = await CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_STORAGE_PATH"] = nothing.Path }, "policy", "explain", "prod/app");
        Assert.Equal((2, "registry: REGISTRY_POLICY_CONFIG is not set; set it to the path of the file with the rules\n"), (run.ExitCode, run.Error));
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var run = await CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_POLICY_CONFIG"] = _folder.Path }, ["policy", .. arguments]);
        return (run.ExitCode, run.Output, run.Error);
    }
}
