namespace Registry.Server.Tests.Buckets;

/// <summary>Runs commands of the program.</summary>
internal static class CommandAssert
{
    /// <summary>Asserts how a command ends, and parts of what it prints. A command that fails prints one line about it.</summary>
    /// <returns>Its output.</returns>
    public static async Task<string> RunsAsync(
        int exitCode, string command, string storagePath, IReadOnlyDictionary<string, string?> variables, IReadOnlyList<string> expected)
    {
        var (code, output) = await RegistryProcess.RunAsync(command, storagePath, variables, TestContext.Current.CancellationToken);
        Assert.True(code == exitCode, $"{command} has ended with {code}:\n{output}");
        Assert.All(expected, part => Assert.Contains(part, output, StringComparison.Ordinal));
        if (exitCode != 0)
        {
            Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => line.StartsWith("registry: ", StringComparison.Ordinal));
        }

        return output;
    }
}
