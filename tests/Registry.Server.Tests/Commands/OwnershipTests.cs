using System.Diagnostics;

namespace Registry.Server.Tests.Commands;

/// <summary>Files that root creates in the data folder of a service belong to the service, and other users of the machine cannot read them.</summary>
public sealed class OwnershipTests : IDisposable
{
    private const string Service = "4711:4712";

    private readonly TemporaryFolder _folder = new("owner");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Storage => Path.Combine(_folder.Path, "data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_root_makes_in_a_folder_belongs_to_the_owner_of_the_folder()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can give files to another user: run the tests as root.");
        Directory.CreateDirectory(Storage);
        await ShellAsync($"chown {Service} '{Storage}'");
        TestImage image;
        await using (var registry = await RegistryProcess.StartAsync(Storage, cancellationToken: Cancellation))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };
            image = await client.PushAsync("team/app", TestImage.Create(), "1.0");
            await client.PushAsync("team/app", TestImage.Create(), "2.0");
            // While it runs, the tree follows the metadata: a file may exist that has not got its owner yet.
            Assert.Equal(0, await registry.StopAsync(Cancellation));
            await AssertOwnedAsync(Storage);
        }

        // Each makes something that was not there: a database, links, quarantine, a folder of another repository.
        await File.WriteAllBytesAsync(PathOf(image.Blobs[1].Digest), TestBlob.Random(image.Blobs[1].Bytes.Length).Bytes, Cancellation);
        File.Delete(Path.Combine(Storage, "removal.lock"));
        var archive = Path.Combine(_folder.Path, "image.tar");
        var backup = Path.Combine(_folder.Path, "backup");
        foreach (var (command, exitCode) in new[]
        {
            ("reindex", 0), ($"export team/app:2.0 {archive}", 0), ($"import {archive} other/app:3.0", 0), ("copy team/app:2.0 third/app", 0),
            ("verify", 1), ("gc --force", 0), ($"backup {backup}", 0),
        })
        {
            var ended = await RegistryProcess.RunAsync(command, Storage, cancellationToken: Cancellation);
            Assert.True(ended.ExitCode == exitCode, $"{command}: {ended.Output}");
            await AssertOwnedAsync(Storage);
        }

        Assert.True(Directory.Exists(Path.Combine(Storage, "quarantine")));
        var restored = Path.Combine(_folder.Path, "restored");
        Directory.CreateDirectory(restored);
        await ShellAsync($"chown {Service} '{restored}'");
        Assert.Equal(0, (await RegistryProcess.RunAsync($"restore {backup}", restored, cancellationToken: Cancellation)).ExitCode);
        await AssertOwnedAsync(restored);
        foreach (var (command, target) in new[] { ($"restore {backup}", "restore"), ($"import {archive} --create", "import") })
        {
            // The folder in between is new as well.
            var made = Path.Combine(restored, target, "registry");
            Assert.Equal(0, (await RegistryProcess.RunAsync(command, made, cancellationToken: Cancellation)).ExitCode);
            await AssertOwnedAsync(Path.GetDirectoryName(made)!);
        }

        // The owner of the backup is root, who made its folder.
        Assert.Empty(await ShellAsync($"find '{backup}' ! -user 0"));
    }

    [Theory]
    [InlineData("4711:4712", "600 4711:4712")]
    [InlineData("0:4712", "640 0:4712")]
    [InlineData("0:0", "600 0:0")]
    public async Task A_new_file_of_users_belongs_to_the_owner_of_its_folder_and_one_that_is_there_keeps_its_own(string ownerOfFolder, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can give files to another user: run the tests as root.");
        var users = Path.Combine(_folder.Path, "etc", "htpasswd");
        await ShellAsync($"install -d -m 750 '{_folder.Path}/etc'; chown {ownerOfFolder} '{_folder.Path}/etc'");
        await AddAsync("alice");
        Assert.Equal(expected, (await ShellAsync($"stat -c '%a %u:%g' '{users}'")).Trim());

        await ShellAsync($"chown 4714:4713 '{users}'; chmod 604 '{users}'");
        await AddAsync("bob");
        Assert.Equal("604 4714:4713", (await ShellAsync($"stat -c '%a %u:%g' '{users}'")).Trim());

        Task<string> AddAsync(string user) => ShellAsync(
            $"echo secret | '{Dotnet}' '{Path.Combine(AppContext.BaseDirectory, "registry.dll")}' user add {user} --auth-htpasswd '{users}' --storage-path '{_folder.Path}'");
    }

    [Fact]
    public async Task Nothing_that_is_stored_or_backed_up_can_be_read_by_other_users()
    {
        Assert.SkipUnless(!OperatingSystem.IsWindows(), "Windows has no modes.");
        var backup = Path.Combine(_folder.Path, "backup");
        await using (var registry = await RegistryProcess.StartAsync(Storage, cancellationToken: Cancellation))
        {
            using var client = new HttpClient { BaseAddress = registry.BaseAddress };
            await client.PushAsync("team/app", TestImage.Create(), "1.0");
            Assert.Equal(0, (await RegistryProcess.RunAsync($"backup {backup}", Storage, cancellationToken: Cancellation)).ExitCode);
            Assert.Empty(await ShellAsync($"find '{Storage}' '{backup}' -perm /007"));
            Assert.Equal(0, await registry.StopAsync(Cancellation));
        }

        Assert.Equal(0, (await RegistryProcess.RunAsync("reindex", Storage, cancellationToken: Cancellation)).ExitCode);
        Assert.Empty(await ShellAsync($"find '{Storage}' -perm /007"));
    }

    private static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

    private static async Task AssertOwnedAsync(string folder)
    {
        Assert.NotEmpty(await ShellAsync($"find '{folder}' -name registry.db"));
        Assert.Empty(await ShellAsync($"find '{folder}' ! -user 4711 -o ! -group 4712"));
    }

    private static async Task<string> ShellAsync(string line)
    {
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", line]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        var output = await process.StandardOutput.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        Assert.True(process.ExitCode == 0, $"{line}: {await error}");
        return output;
    }

    private string PathOf(string digest) => Path.Combine(Storage, "blobs", "sha256", digest[7..9], digest[7..], "data");
}
