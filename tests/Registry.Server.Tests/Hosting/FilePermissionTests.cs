using Microsoft.Extensions.Logging;
using Registry.Core.Access;
using Registry.Server.Commands.Access;

namespace Registry.Server.Tests.Hosting;

/// <summary>Warnings at the start of files and folders that every user of the machine can read or change.</summary>
public sealed class FilePermissionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("permissions");

    private string Storage => Path.Combine(_folder.Path, "data");

    private string Users => Path.Combine(_folder.Path, "htpasswd");

    private string Rules => Path.Combine(_folder.Path, "rules.json");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("600", "640", "750", null)]
    [InlineData("644", "644", "750", "REGISTRY_AUTH_HTPASSWD {0} can be read by every user of the machine (mode 0644); to fix it, run: chmod o-rwx {0}")]
    [InlineData("606", "644", "750", "REGISTRY_AUTH_HTPASSWD {0} can be changed by every user of the machine (mode 0606); to fix it, run: chmod o-rwx {0}")]
    [InlineData("600", "646", "750", "REGISTRY_ACCESS_CONTROL_CONFIG {1} can be changed by every user of the machine (mode 0646); to fix it, run: chmod o-w {1}")]
    [InlineData("600", "644", "755", "REGISTRY_STORAGE_PATH {2} can be read by every user of the machine (blobs has mode 0755); to fix it, run: chmod -R o-rwx {2}")]
    public async Task Each_is_named_with_its_setting_and_the_remedy(string users, string rules, string blobs, string? warning)
    {
        Assert.SkipUnless(!OperatingSystem.IsWindows(), "Windows has no modes.");
        SetMode(_folder.Path, "755");
        Directory.CreateDirectory(Path.Combine(Storage, "blobs"));
        Directory.CreateDirectory(Path.Combine(Storage, "repositories"));
        File.WriteAllText(Path.Combine(Storage, "registry.db"), "");
        SetMode(Path.Combine(Storage, "registry.db"), "640");
        SetMode(Path.Combine(Storage, "repositories"), "750");
        SetMode(Path.Combine(Storage, "blobs"), blobs);
        HtpasswdEditor.Set(Users, "alice", "secret");
        SetMode(Users, users);
        File.WriteAllText(Rules, """{"defaultPolicy":"deny","rules":[]}""");
        SetMode(Rules, rules);

        await using var registry = await TestRegistry.StartAsync(
            options => options with { Authentication = AuthenticationKind.Basic, HtpasswdPath = Users, AccessControlPath = Rules }, storagePath: Storage);

        var said = registry.Log.Entries.Where(entry => entry.Level == LogLevel.Warning && entry.Message.Contains("every user of the machine", StringComparison.Ordinal))
            .Select(entry => entry.Message);
        Assert.Equal(warning is null ? [] : [string.Format(System.Globalization.CultureInfo.InvariantCulture, warning, Users, Rules, Storage)], said);
    }

    [Fact]
    public async Task What_is_in_a_folder_that_others_cannot_enter_is_theirs_neither()
    {
        HtpasswdEditor.Set(Users, "alice", "secret");
        SetMode(Users, "666");
        await using var registry = await TestRegistry.StartAsync(
            options => options with { Authentication = AuthenticationKind.Basic, HtpasswdPath = Users }, storagePath: Storage);
        Assert.DoesNotContain(registry.Log.Entries, entry => entry.Message.Contains("every user of the machine", StringComparison.Ordinal));
    }

    private static void SetMode(string path, string octal)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(octal, 8));
        }
    }
}
