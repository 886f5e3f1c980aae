namespace Registry.Core; internal static class P;
