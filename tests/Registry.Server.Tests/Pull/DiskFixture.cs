namespace Registry.Server.Tests.Pull;

/// <summary>A registry whose content is on the disk, where the kernel tells what it has cached.</summary>
public sealed class DiskFixture : RegistryFixture
{
    protected override bool IsOnDisk => true;
}
