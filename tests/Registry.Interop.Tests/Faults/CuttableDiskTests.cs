using Registry.Testing;
using Registry.Testing.Processes;
using Registry.Torture.Faults;

namespace Registry.Interop.Tests.Faults;

/// <summary>The disk of the torture runs that loses power.</summary>
public sealed class CuttableDiskTests
{
    // A container that starts meanwhile has such a namespace.
    [Theory]
    [InlineData("ext4", "e2fsprogs", 16)]
    [InlineData("xfs", "xfsprogs", 300)]
    public async Task It_recovers_while_another_mount_namespace_holds_it(string type, string package, int megabytes)
    {
        Requires.Program($"mkfs.{type}", package);
        Requires.Root("mount");
        using var folder = new TemporaryFolder("disk");
        await using CuttableDisk disk = await CuttableDisk.CreateAsync(folder.File("disk.img"), folder.Folder("disk"), type, megabytes);
        await File.WriteAllTextAsync(Path.Combine(disk.Path, "before"), "before", TestContext.Current.CancellationToken);
        await using BackgroundProcess other = BackgroundProcess.Start("unshare", ["--mount", "--propagation", "private", "sh", "-c", "echo holds; exec sleep 600"]);
        await Eventually.TrueAsync(() => other.Output.Contains("holds", StringComparison.Ordinal));

        disk.Cut();
        await disk.RecoverAsync();
        await File.WriteAllTextAsync(Path.Combine(disk.Path, "after"), "after", TestContext.Current.CancellationToken);
    }
}
