using Registry.Testing;

namespace Registry.Interop.Tests;

/// <summary>What a test needs of the machine. Without it the test is skipped, and the reason says what to install.</summary>
internal static class Requires
{
    public static void Program(string name, string package) =>
        Assert.SkipUnless(IsOnPath(name), $"{name} is not on the PATH: apt-get install {package}");

    public static void Root(string program) =>
        Assert.SkipUnless(Environment.IsPrivilegedProcess, $"{program} needs root: run the tests as root.");

    public static void StaticBusybox() =>
        Assert.SkipUnless(
            File.Exists(TarArchive.Busybox) && File.ReadAllBytes(TarArchive.Busybox).AsSpan(0, 4096).IndexOf("ld-linux"u8) < 0,
            $"{TarArchive.Busybox} is missing or needs libraries: apt-get install busybox-static");

    public static bool IsOnPath(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));
}
