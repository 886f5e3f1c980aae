using System.Text.Json;
using Registry.Server.Configuration;
using Registry.Server.Tests.Documentation;

namespace Registry.Server.Tests.Commands;

/// <summary>Effective settings: the precedence of their sources, and the printed list.</summary>
public sealed class ConfigCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(isInMemory: true);

    private string File => Path.Combine(_folder.Path, "registry.json");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_option_comes_before_the_environment_and_that_before_the_file()
    {
        Write("""
            {
              // All three.
              "REGISTRY_PORT": 1,
              "REGISTRY_HOST": "127.0.0.1",
              "REGISTRY_GC_GRACE": 60,
              "REGISTRY_LOG_LEVEL": "",
            }
            """);
        var run = await CommandRun.OfAsync(
            new Dictionary<string, string> { ["REGISTRY_CONFIG"] = File, ["REGISTRY_PORT"] = "2", ["REGISTRY_HOST"] = "::1", ["REGISTRY_GC_GRACE"] = "" },
            "config", "--port", "3");

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal("3 option --port", Line(run, "REGISTRY_PORT"));
        Assert.Equal("::1 environment", Line(run, "REGISTRY_HOST"));
        Assert.Equal($"1m {File} line 5", Line(run, "REGISTRY_GC_GRACE"));
        Assert.Equal("info default", Line(run, "REGISTRY_LOG_LEVEL"));
        Assert.Equal("- default", Line(run, "REGISTRY_EXTERNAL_URL"));
        Assert.Equal($"{File} environment", Line(run, "REGISTRY_CONFIG"));
        Assert.Equal(VariableNames.All.Count, run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task A_line_of_the_users_that_makes_logins_slow_is_named()
    {
        var users = Path.Combine(_folder.Path, "htpasswd");
        Write($$"""{ "REGISTRY_AUTH_TYPE": "basic", "REGISTRY_AUTH_HTPASSWD": "{{users}}" }""");
        Assert.Equal((0, ""), await RunAsync());

        System.IO.File.WriteAllText(users, $"costly:$2y$13${new string('.', 53)}\n");
        var (exitCode, error) = await RunAsync();
        Assert.Equal(0, exitCode);
        Assert.StartsWith($"registry: warning: {users} line 1: the hash of 'costly' has a cost of 13, ", error, StringComparison.Ordinal);

        async Task<(int, string)> RunAsync()
        {
            var run = await CommandRun.OfAsync("config", "--config", File);
            return (run.ExitCode, run.Error);
        }
    }

    [Fact]
    public async Task JSON_has_the_same()
    {
        Write("""{ "REGISTRY_ACCESS_CONTROL_ENABLED": false, "REGISTRY_AUTH_REALM": "U" }""");
        var run = await CommandRun.OfAsync("config", "--json", "--config", File);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using var json = JsonDocument.Parse(run.Output);
        var settings = json.RootElement.EnumerateArray().ToDictionary(setting => setting.GetProperty("name").GetString()!);
        Assert.Equal(VariableNames.All.Order(StringComparer.Ordinal), settings.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            $$"""{"name":"REGISTRY_AUTH_REALM","value":"U","origin":"file","file":"{{File}}","line":1}""", Compact(settings["REGISTRY_AUTH_REALM"]));
        Assert.Equal("""{"name":"REGISTRY_BLOB_MAX_SIZE","value":null,"origin":"default","file":null,"line":null}""", Compact(settings["REGISTRY_BLOB_MAX_SIZE"]));
        Assert.Equal("option", settings["REGISTRY_CONFIG"].GetProperty("origin").GetString());
    }

    [Fact]
    public async Task Defaults_are_those_of_the_documents()
    {
        // What only the built-in token service uses has a default for it alone.
        var documented = Document.Read("docs/configuration.md").Rows("Settings").Skip(1)
            .Where(row => row[0] is not ("REGISTRY_AUTH_TOKEN_SERVICE" or "REGISTRY_AUTH_TOKEN_ISSUER"))
            .ToDictionary(row => row[0], row => $"{row[3]} default");
        var run = await CommandRun.OfAsync("config");

        Assert.NotEmpty(documented);
        Assert.All(documented, row => Assert.Equal(row.Value, Line(run, row.Key)));
    }

    [Fact]
    public async Task Values_are_printed_as_they_were_understood_and_accepted_again()
    {
        var environment = new Dictionary<string, string>
        {
            ["REGISTRY_GC_GRACE"] = "90000",
            ["REGISTRY_BLOB_MAX_SIZE"] = "1.5g",
            ["REGISTRY_STORAGE_RESERVE"] = "1000000",
            ["REGISTRY_LOG_LEVEL"] = "WARNING",
            ["REGISTRY_READONLY"] = "yes",
            ["REGISTRY_VERIFY_RATE"] = "50",
            ["REGISTRY_VERIFY_PERIOD"] = "0",
            ["REGISTRY_HOST"] = "127.0.0.1",
        };
        var first = await CommandRun.OfAsync(environment, "config", "--json");

        using var json = JsonDocument.Parse(first.Output);
        var printed = json.RootElement.EnumerateArray().ToDictionary(setting => setting.GetProperty("name").GetString()!, setting => setting.GetProperty("value").GetString());
        Assert.Equal(
            ("1d1h", "1536MiB", "1MB", "warn", "true", "50MiB/s", "0"),
            (printed["REGISTRY_GC_GRACE"], printed["REGISTRY_BLOB_MAX_SIZE"], printed["REGISTRY_STORAGE_RESERVE"], printed["REGISTRY_LOG_LEVEL"],
                printed["REGISTRY_READONLY"], printed["REGISTRY_VERIFY_RATE"], printed["REGISTRY_VERIFY_PERIOD"]));
        var again = await CommandRun.OfAsync(environment.Keys.ToDictionary(name => name, name => printed[name]!), "config", "--json");
        Assert.Equal(first, again);
    }

    [Theory]
    [InlineData("config --readonly")]
    [InlineData("--readonly config")]
    [InlineData("config --readonly yes")]
    [InlineData("config --readonly --port 5")]
    [InlineData("config --readonly=1")]
    public async Task The_option_of_a_switch_may_stand_alone(string arguments)
    {
        var run = await CommandRun.OfAsync(arguments.Split(' '));

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal("true option --readonly", Line(run, "REGISTRY_READONLY"));
    }

    [Theory]
    [InlineData("REGISTRY_TEST_PASSWORD")]
    [InlineData("REGISTRY_S3_SECRET_KEY")]
    [InlineData("REGISTRY_S3_ACCESS_KEY")]
    public void A_setting_is_secret_by_its_name(string name) => Assert.True(VariableNames.IsSecret(name));

    [Fact]
    public async Task Secrets_are_masked_and_the_paths_of_their_files_are_not()
    {
        Assert.Equal(["REGISTRY_POSTGRES", "REGISTRY_S3_ACCESS_KEY", "REGISTRY_S3_SECRET_KEY"], VariableNames.All.Where(VariableNames.IsSecret));
        var path = _folder.File("secret-key");
        await System.IO.File.WriteAllTextAsync(path, "canary", TestContext.Current.CancellationToken);
        var run = await CommandRun.OfAsync(
            new Dictionary<string, string>
            {
                ["REGISTRY_BLOBS"] = "s3",
                ["REGISTRY_S3_BUCKET"] = "b",
                ["REGISTRY_S3_ACCESS_KEY"] = "canary",
                ["REGISTRY_S3_SECRET_KEY_FILE"] = path,
            },
            "config");

        Assert.Equal("******** environment", Line(run, "REGISTRY_S3_ACCESS_KEY"));
        Assert.Equal($"{path} environment", Line(run, "REGISTRY_S3_SECRET_KEY_FILE"));
        Assert.DoesNotContain("canary", run.Output + run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_in_a_URL_is_masked_also_in_a_fault()
    {
        var environment = new Dictionary<string, string> { ["REGISTRY_AUTH_TOKEN_REALM"] = "https://user:canary@auth.example.com/token" };
        foreach (var (name, value) in new[] { ("TYPE", "token"), ("TOKEN_SERVICE", "s"), ("TOKEN_ISSUER", "i"), ("TOKEN_PUBLICKEY", "k") })
        {
            environment[$"REGISTRY_AUTH_{name}"] = value;
        }

        Assert.Equal("https://********@auth.example.com/token environment", Line(await CommandRun.OfAsync(environment, "config"), "REGISTRY_AUTH_TOKEN_REALM"));

        var fault = await CommandRun.OfAsync(environment, "config", "--external-url", "https://user:canary@registry.example.com");
        Assert.Equal(2, fault.ExitCode);
        Assert.StartsWith("registry: --external-url is 'https://********@registry.example.com'; allowed: ", fault.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", fault.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Faults_are_printed_with_their_place_and_nothing_else()
    {
        Write("""
            {
              "REGISTRY_PROT": 1,
              "REGISTRY_PORT": "abc",
              "REGISTRY_HOST": "::1", "REGISTRY_HOST": "::1",
              "REGISTRY_GC_GRACE": null,
              "REGISTRY_CONFIG": "other.json",
              "PATH": { "a": [] },
              "REGISTRY_LOG_LEVEL": "loud"
            }
            """);
        var run = await CommandRun.OfAsync("config", "--config", File, "--gc-grace", "0");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Equal(
            $"""
            registry: {File} line 2: REGISTRY_PROT is not a setting; did you mean REGISTRY_PORT?
            registry: {File} line 4: REGISTRY_HOST is already set in line 4
            registry: {File} line 5: REGISTRY_GC_GRACE must be a string, a number, true or false
            registry: {File} line 6: REGISTRY_CONFIG names this file and cannot be set in it
            registry: {File} line 7: PATH is not a setting; docs/configuration.md lists them
            registry: {File} line 3: REGISTRY_PORT is 'abc'; allowed: a port from 0 to 65535
            registry: {File} line 8: REGISTRY_LOG_LEVEL is 'loud'; allowed: debug, info, warn or error
            registry: --gc-grace is '0'; allowed: a time of 1s or more, such as 90s, 24h, 7d or 1h30m; a number alone is seconds

            """,
            run.Error);
    }

    [Theory]
    [InlineData("", "line 1: not valid JSON: ")]
    [InlineData("[]", "line 1: the file must be an object")]
    [InlineData("{\n \"REGISTRY_PORT\": 1", "line 2: not valid JSON: ")]
    [InlineData("{}\n{}", "line 2: not valid JSON: ")]
    [InlineData("{\"REGISTRY_HOST\": \"\\ud800\"}", "line 1: text that is not valid Unicode")]
    [InlineData(null, "cannot be read: there is no such file")]
    public async Task A_file_that_cannot_be_used_is_said(string? content, string message)
    {
        if (content is not null)
        {
            Write(content);
        }

        var run = await CommandRun.OfAsync("config", "--config", File);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"{File} {message}", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.OfAsync("user", "list", "--config", File)).ExitCode);
    }

    [Fact]
    public async Task What_Kubernetes_injects_does_not_hide_the_file()
    {
        Write("\uFEFF{ \"REGISTRY_PORT\": 5000 }");
        var run = await CommandRun.OfAsync(new Dictionary<string, string> { ["REGISTRY_PORT"] = "tcp://10.0.0.1:5000" }, "config", "--config", File);

        Assert.Equal($"5000 {File} line 1", Line(run, "REGISTRY_PORT"));
        Assert.StartsWith("registry: warning: REGISTRY_PORT is ignored", run.Error, StringComparison.Ordinal);
    }

    private void Write(string json) => System.IO.File.WriteAllText(File, json);

    private static string Line(CommandRun run, string name) => string.Join(
        ' ', run.Output.Split('\n').Single(line => line.StartsWith($"{name} ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]);

    private static string Compact(JsonElement element) => element.GetRawText().Replace("\n", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
}
