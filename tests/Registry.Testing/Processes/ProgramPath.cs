namespace Registry.Testing.Processes;

/// <summary>Programs of the machine.</summary>
public static class ProgramPath
{
    /// <summary>Finds a program in the folders of PATH.</summary>
    /// <returns>Its path; null if it is not installed.</returns>
    public static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
