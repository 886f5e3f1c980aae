using Registry.Testing;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests.Containers;

/// <summary>End of the storage of podman, buildah and skopeo.</summary>
public sealed class ContainersHomeTests
{
    [Fact]
    public async Task The_storage_is_removed_after_the_last_process_that_writes_to_it()
    {
        ContainersHome home = new();
        await using BackgroundProcess late = BackgroundProcess.Start("sh", ["-c", "sleep 1; mkdir -p \"$0/root/late\"", home.Folder.Path]);

        await home.DisposeAsync();

        Assert.Equal(0, await late.WaitForExitAsync(Patience.Limit));
        Assert.False(Directory.Exists(home.Folder.Path));
    }
}
