using System.Diagnostics;
using System.Globalization;
using Registry.Testing.Layouts;
using Registry.Testing.Processes;

namespace Registry.Interop.Tests;

/// <summary>Requirements of a test. Without one the test is skipped, and the reason names the package to install.</summary>
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

    public static bool IsOnPath(string name) => ProgramPath.Find(name) is not null;

    /// <summary>The first number that <c>--version</c> prints: "podman version 5.3.1" is 5; 0 when it prints none.</summary>
    public static int MajorVersion(string program)
    {
        using var process = Process.Start(new ProcessStartInfo(program, "--version") { RedirectStandardOutput = true })!;
        var digits = process.StandardOutput.ReadToEnd().SkipWhile(c => !char.IsAsciiDigit(c)).TakeWhile(char.IsAsciiDigit);
        process.WaitForExit();
        return int.TryParse(string.Concat(digits), NumberStyles.None, CultureInfo.InvariantCulture, out int major) ? major : 0;
    }
}
